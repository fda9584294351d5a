"""ResultModule: a module whose calls are answered twice, at once and later by a POST to their `response_url`.

What is remembered of such a call is written before it goes out, as its result may come before its answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from journal.rows import Change, Mark
from ocpi import response_url
from ocpi.calls import Call, PartyId, Reply
from ocpi.errors import InvalidParameter
from ocpi.module import Match
from parties.routed_module import RoutedModule

GRACE = timedelta(hours=1)  # for a result that comes after the receiver's own `timeout` (CMD-08)
LIFE = timedelta(days=7)  # of a response_url, whatever the timeout
LONGEST_LIFE = timedelta(days=400)


class _Told(msgspec.Struct):
    result: str | None = None
    timeout: int | None = None


class _Envelope(msgspec.Struct):
    data: _Told | None = None


class ResultModule(RoutedModule):
    def has_result(self, call: Call, match: Match) -> bool:
        """Whether a result follows later, so that a `response_url` is demanded (CMD-04, CP-01)."""
        return False

    def get_response_url(self, call: Call) -> str | None:
        """
        Raises:
            InvalidParameter, NotJson: it cannot be read.
        """
        return response_url.read_from_body(call.body) if _has_body(call) else response_url.read_from_query(call.query)

    def with_response_url(self, call: Call, url: str) -> Call:
        if _has_body(call):
            return replace(call, body=response_url.replace_in_body(call.body, url))
        return replace(call, query=response_url.replace_in_query(call.query, url))

    def get_result_deadline(self, call: Call, *, now: datetime) -> datetime:
        """Until when a result may come."""
        return now + LIFE

    def get_request_changes(
        self, call: Call, match: Match, *, receiver: PartyId, token: str, now: datetime
    ) -> tuple[Change, ...]:
        """What is remembered of this call under the token of its response_url."""
        return ()

    def get_answer_marks(self, call: Call, *, token: str, reply: Reply | None, now: datetime) -> tuple[Mark, ...]:
        """What the receiver's answer at once changes in that. No reply: it surely did not get the call."""
        return ()

    def get_result_marks(self, call: Call, *, token: str, now: datetime) -> tuple[Mark, ...]:
        """What the result, the call on the response_url, changes in it."""
        return ()


def _has_body(call: Call) -> bool:
    return call.method in ("POST", "PUT")


def read_told_result(body: bytes) -> str | None:
    """`result` of a CommandResult, ChargingProfileResult, …; None: it has none."""
    try:
        return msgspec.json.decode(body, type=_Told).result
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read_answered_result(reply: Reply) -> str | None:
    """The same in the data of an answer."""
    told = _read_answer(reply)
    return told.result if told else None


def read_answered_deadline(reply: Reply, *, now: datetime) -> datetime | None:
    """Until when a result may come by the receiver's own `timeout`; None: it said none (CMD-08)."""
    told = _read_answer(reply)
    if told is None or told.timeout is None or told.timeout < 0:
        return None
    return now + min(timedelta(seconds=min(told.timeout, 2**31)) + GRACE, LONGEST_LIFE)


def _read_answer(reply: Reply) -> _Told | None:
    try:
        return msgspec.json.decode(reply.body or b"{}", type=_Envelope).data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def check_id(name: str, value: str | None, *, longest: int = 36) -> str:
    """An id the hub itself has to understand, in order to route the call or to remember it.

    Raises:
        InvalidParameter: it is missing, or no CiString of that length.
    """
    if not value:
        raise InvalidParameter(f"{name}: is missing")
    if len(value) > longest or not (value.isascii() and value.isprintable()):
        raise InvalidParameter(f"{name}: is not up to {longest} printable ASCII characters")
    return value
