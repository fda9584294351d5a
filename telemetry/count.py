"""Counts calls. The children of each series are kept in dictionaries: finding one by its labels costs more than adding
to it. What strangers may choose becomes "other"."""

from __future__ import annotations

from functools import cache

from telemetry import metrics
from telemetry.tally import Count, Level, Spread
from telemetry.work import Work

METHODS = frozenset({"GET", "PUT", "PATCH", "POST", "DELETE"})
INTERFACES = frozenset({"SENDER", "RECEIVER"})
MODULES = frozenset(
    {
        "cdrs",
        "chargingprofiles",
        "commands",
        "credentials",
        "hubclientinfo",
        "locations",
        "sessions",
        "tariffs",
        "tokens",
        "versions",
    }
)
_CLASSES = {0: "none", 1: "1xxx", 2: "2xxx", 3: "3xxx", 4: "4xxx"}
_TOKEN_PROBLEMS = (401, 403, 407)


_open = Level(metrics.calls_open)
_writer_waiting = Level(metrics.writer_waiting)
_writer_batch = Spread(metrics.writer_batch)
_writer_seconds = Spread(metrics.writer_commit_seconds)


def note_open(calls: int) -> None:
    """So many OCPI calls are being worked on."""
    _open.set(calls)


def note_waiting_jobs(count: int) -> None:
    """So many calls wait to be stored."""
    _writer_waiting.set(count)


def note_commit(jobs: int, *, seconds: float) -> None:
    """So many calls were stored in one transaction, COMMIT included."""
    _writer_batch.add(jobs)
    _writer_seconds.add(seconds)


def note_call_in(work: Work, *, interface: str, code: int | None) -> None:
    kind = get_class(code // 1000 if code else 0)
    _get_calls("in", work.module, interface, work.method, kind).add()
    if work.platform:
        _get_platform("in", work.platform, kind).add()
    _get_seconds(work.module).add(work.get_own_seconds())


def note_call_out(*, platform: int, module: str, interface: str, method: str, code: int | None) -> None:
    """`code`: of the partner's own answer; None: there was none in OCPI's sense."""
    kind = get_class(code // 1000 if code else 0)
    _get_calls("out", module, interface, method, kind).add()
    _get_platform("out", platform, kind).add()


def note_answer(platform: int, *, http_status: int, seconds: float) -> None:
    """Of any request to a partner, OCPI or not."""
    end = "token" if http_status in _TOKEN_PROBLEMS else f"{http_status // 100}xx"
    _get_requests(platform, end).add()
    _get_partner_seconds(platform).add(seconds)


def note_no_answer(platform: int, *, end: str) -> None:
    """`end`: timeout, unreachable, busy, resting."""
    _get_requests(platform, end).add()


def get_known_module(module: str) -> str:
    return module if module in MODULES else "other"


def get_class(thousands: int) -> str:
    return _CLASSES.get(thousands, "other")


# Bounded, as a stranger chooses module and method of calls that are refused.


@cache
def _get_known_calls(direction: str, module: str, interface: str, method: str, code: str) -> Count:
    return Count(metrics.calls.labels(direction, module, interface, method, code))


def _get_calls(direction: str, module: str, interface: str, method: str, code: str) -> Count:
    return _get_known_calls(
        direction,
        module if module in MODULES else "other",
        interface if interface in INTERFACES else "none",
        method if method in METHODS else "other",
        code,
    )


@cache
def _get_platform(direction: str, platform: int, code: str) -> Count:
    return Count(metrics.platform_calls.labels(direction, str(platform), code))


@cache
def _get_known_seconds(module: str) -> Spread:
    return Spread(metrics.call_seconds.labels(module))


def _get_seconds(module: str) -> Spread:
    return _get_known_seconds(module if module in MODULES else "other")


@cache
def _get_requests(platform: int, end: str) -> Count:
    return Count(metrics.partner_requests.labels(str(platform), end))


@cache
def _get_partner_seconds(platform: int) -> Spread:
    return Spread(metrics.partner_seconds.labels(str(platform)))
