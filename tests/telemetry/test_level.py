"""HUB_LOG_LEVEL: the stack sees in the log that worker and beat are ready, so these words pass every level."""

from __future__ import annotations

import logging

import pytest

from telemetry.logs import make_logging


class TestLevel:
    @pytest.mark.parametrize("logger", ["celery.apps.worker", "celery.beat"])
    def test_does_not_hide_that_a_process_is_ready(self, logger: str):
        assert make_logging(format="text", level="WARNING")["loggers"][logger]["level"] == "INFO"

    def test_is_that_of_everything_else(self):
        assert make_logging(format="text", level="WARNING")["root"]["level"] == "WARNING"

    @pytest.mark.parametrize(("level", "told"), [("INFO", "WARNING"), ("ERROR", "ERROR"), ("DEBUG", "DEBUG")])
    def test_a_worker_tells_of_each_task_only_to_those_who_look_for_an_error(self, level: str, told: str):
        loggers = make_logging(format="text", level=level)["loggers"]

        assert {loggers[name]["level"] for name in ("celery.worker.strategy", "celery.app.trace")} == {told}

    @pytest.mark.parametrize(("level", "is_told"), [("INFO", False), ("DEBUG", True)])
    def test_the_rounds_of_beat_are_told_to_those_who_look_for_an_error(self, level: str, is_told: bool):
        settings = make_logging(format="text", level=level)
        beat = logging.Logger("celery.beat")
        for name in settings["loggers"]["celery.beat"]["filters"]:
            how = dict(settings["filters"][name])
            beat.addFilter(how.pop("()")(**how))

        def is_kept(text: str) -> bool:
            return bool(beat.filter(beat.makeRecord(beat.name, logging.INFO, "beat.py", 1, text, (), None)))

        assert is_kept("Scheduler: Sending due task %s (%s)") is is_told
        assert is_kept("beat: Starting...")
