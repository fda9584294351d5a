"""What the writer is asked to make durable: plain values, no database. The owners of the tables build them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec

SUBLANES = 8  # a platform's deliveries run side by side in this many lanes; one object always in the same one

Columns = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """A table the writer may change: its unique key, and every column with its PostgreSQL type (key included).

    There is one for each table, and the text of its statements is kept by it. `bulk` are columns of long text: they
    travel beside the JSON of the other values, and are read only for changes that look at them.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    bulk: tuple[str, ...] = ()


class Outcome(Enum):
    CREATED = "created"
    UPDATED = "updated"
    KEPT = "kept"  # what was stored stays: stale or identical


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Read one row under lock, work out the new one, write it.

    `apply` is pure. It gets the row's columns (None: there is none; tombstones are rows), and those of `base_key`, read
    without lock, where that is given. It returns the columns to write (all but the key; missing ones keep their value
    or default; {} leaves all as it is, and counts as a change for the job's event), None to keep what is there, or
    raises an OcpiError to refuse this job alone. Where `reads` names the columns that it looks at, the others may be
    missing from both rows. `adds` tells of a row that is there whether the change puts something new into it: then it
    counts as CREATED (TRANS-13).
    """

    table: Table
    key: tuple[str, ...]  # values of table.key
    apply: Callable[[Columns | None, Columns | None], Columns | None]
    base_key: tuple[str, ...] | None = None
    reads: frozenset[str] | None = None  # None: any of them
    adds: Callable[[Columns], bool] | None = None


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Set columns of a row that is there, without reading it (what the receiver answered, say).

    A row in which one of the columns `at_most` is greater is left as it is: it holds something newer by now.
    """

    table: Table
    key: tuple[str, ...]
    columns: Columns
    at_most: Columns = {}


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One change that must be told, however many will hear it. `receiver` names the only one, else all who may."""

    module: str
    method: str
    path: str  # behind the receiver's endpoint, percent-encoded, without a leading slash
    query: str = ""
    body: str = ""
    object_key: str  # "module:owner:id" of the object that keeps its order
    sender: str  # key of the party that pushed; "" for the hub itself
    sender_role: str = ""
    origin: int | None = None  # platform it came from: hears no echo (ROUTE-33)
    receiver: str = ""  # key of the one party to tell (store and forward); "" is a broadcast
    supersedes: bool = False  # a full state: waiting older ones of the same path need not be sent
    correlation_id: str = ""
    version: str = "2.2.1"
    was_sent: bool = False  # tried at once already, and the answer was lost: its delivery may be a repeat
    at: datetime


class NewLogRow(msgspec.Struct, frozen=True, kw_only=True):
    """One call, in or out. Never a body, never a secret; `object_id` is masked by the module where it is personal."""

    at: datetime
    leg: str  # "in" or "out"
    platform: int | None  # whom we spoke with
    module: str
    interface: str
    method: str
    object_id: str = ""
    sender: str = ""
    receiver: str = ""
    request_id: str = ""
    correlation_id: str = ""
    decision: str = ""  # forward, broadcast, answer, reject, deliver, skip, link, location
    http_status: int | None = None
    status_code: int | None = None
    message: str = ""
    duration_ms: int | None = None
    attempt: int = 1
    repeat: bool = False  # an earlier attempt may have arrived: its answer was lost
    event: int | None = None
    size: int = 0  # bytes of the body


class NewAlias(msgspec.Struct, frozen=True, kw_only=True):
    """A hub URL that stands for a partner's (ROUTE-43, ROUTE-44): unguessable, bound to one platform, expiring."""

    token: str
    kind: str  # "link", "location"
    user: int  # platform that may use it
    party: str  # key of the party it was given to
    target: int | None  # platform it leads to; None: the hub's own store
    target_party: str
    module: str
    interface: str
    url: str
    created_at: datetime
    expires_at: datetime


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one call wants durable, in one transaction with other calls' jobs.

    `event` is left out when every change was KEPT. `log` is asked with the outcomes once they are known.
    """

    changes: tuple[Change, ...] = ()
    marks: tuple[Mark, ...] = ()
    event: NewEvent | None = None
    aliases: tuple[NewAlias, ...] = ()
    log: Callable[[tuple[Outcome, ...]], tuple[NewLogRow, ...]] | None = None


class Written(msgspec.Struct, frozen=True):
    outcomes: tuple[Outcome, ...] = ()
    event: int | None = None  # the event's id, where one was appended
