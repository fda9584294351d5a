"""Log lines: JSON for machines, or readable ones. Every line of a call carries its ids, of a task its name.

Our code logs with `logging` as everybody does; structlog puts the line together. Secrets are taken out last.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from celery import current_task
from structlog.typing import EventDict, Processor

from telemetry import work
from telemetry.outages import shorten
from telemetry.redact import redact

STARTS = ("celery.apps.worker", "celery.beat")
ROUNDS = ("celery.worker.strategy", "celery.app.trace")  # each task twice: 140 MB a day of a hub at rest
QUIET = ("aiohttp.access", "urllib3", "opentelemetry.attributes")


def make_logging(*, format: str, level: str) -> dict[str, Any]:
    """Django's LOGGING. `format`: json or text."""
    if format not in ("json", "text"):
        raise ValueError(f"HUB_LOG_FORMAT is {format!r}: json or text")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"rounds": {"()": _Rounds, "are_told": level == "DEBUG"}},
        "formatters": {"line": {"()": make_formatter, "format": format}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            **{name: {"level": "WARNING"} for name in QUIET},
            **{name: {"level": "WARNING" if level == "INFO" else level} for name in ROUNDS},
            # Both bring handlers of their own; one line per line is enough.
            **{name: {"handlers": [], "propagate": True} for name in ("uvicorn", "uvicorn.error", "django")},
            # The stack waits for what these two say at their start, whatever the level of the others.
            **{name: {"level": "INFO", "filters": ["rounds"]} for name in STARTS},
            "uvicorn.access": {"handlers": [], "propagate": True, "level": "WARNING"},
            "django.server": {"handlers": [], "propagate": True},
        },
    }


class _Rounds(logging.Filter):
    """Beat tells of each task that it sends, three lines a second: for those who look for an error only."""

    def __init__(self, *, are_told: bool) -> None:
        super().__init__()
        self._are_told = are_told

    def filter(self, record: logging.LogRecord) -> bool:
        return self._are_told or not str(record.msg).startswith("Scheduler: Sending")


def make_formatter(format: str) -> logging.Formatter:
    before: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_work,
        add_task,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
        if format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0, sort_keys=False)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            shorten,
            structlog.processors.format_exc_info,
            hide_secrets,
            renderer,
        ],
    )


def add_work(logger: Any, name: str, line: EventDict) -> EventDict:
    at = work.get()
    if at is not None:
        for key in ("request_id", "correlation_id", "platform", "module", "method"):
            if getattr(at, key):
                line.setdefault(key, getattr(at, key))
    return line


def add_task(logger: Any, name: str, line: EventDict) -> EventDict:
    if current_task:
        line["task"], line["task_id"] = current_task.name, current_task.request.id
    else:
        told = getattr(line.get("_record"), "data", None)  # Celery's own lines of a task
        if isinstance(told, dict) and "name" in told and "id" in told:
            line["task"], line["task_id"] = told["name"], told["id"]
    return line


def hide_secrets(logger: Any, name: str, line: EventDict) -> EventDict:
    at = work.get()
    hidden = at.hidden if at is not None else ()
    return {key: redact(value, hidden=hidden) if isinstance(value, str) else value for key, value in line.items()}
