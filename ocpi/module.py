"""What the hub must know of an OCPI module: its id, its URLs, whose objects it carries, how it is routed.

Modules that keep objects build on `parties.owned_module.OwnedModule`. Nothing outside a module asks for it by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar
from urllib.parse import unquote

import msgspec

from ocpi.calls import Call, Interface, PartyId, Role, get_party
from ocpi.errors import MethodNotAllowed, UnknownObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One URL pattern behind an endpoint ("{country_code}/{party_id}/{location_id}") and its methods (appendix D).

    `request` and `answer` are for the documentation: the wire types where they are not the module's own object.
    """

    interface: Interface
    pattern: str
    methods: tuple[str, ...]
    request: Any = None
    answer: Any = None

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.pattern.split("/")) if self.pattern else ()


class Match(msgspec.Struct, frozen=True):
    """A call's path, read: the pattern it fits and the values of its placeholders."""

    pattern: str
    values: dict[str, str] = {}
    owner: PartyId | None = None  # in the URL of client-owned objects (TRANS-33); found, not to be given

    def __post_init__(self) -> None:
        if "country_code" in self.values:
            owner = get_party(self.values["country_code"], self.values["party_id"])
            msgspec.structs.force_setattr(self, "owner", owner)

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def get(self, name: str) -> str | None:
        return self.values.get(name)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a module's look-up found for a call without a receiver (conformance table 2a)."""

    party: PartyId | None = None
    ambiguous: bool = False
    ask: bool = False  # nobody can say, so all who may know are asked (table 2a, authorize)


NOTHING = Resolved()


class Module:
    """One subclass per OCPI module, listed in `settings.OCPI_MODULES`."""

    id: ClassVar[str]
    routes: ClassVar[tuple[Route, ...]]
    owner_roles: ClassVar[frozenset[Role]]  # who may push to the hub's own copy (LOC-19)
    broadcast: ClassVar[bool] = False  # pushes to the hub are fanned out (ROUTE-23); else they have one addressee
    can_wait: ClassVar[bool] = False  # a push may be kept for a receiver that is away, and delivered later
    names_people: ClassVar[bool] = False  # its documents have ids of tokens and contracts, which no log may show

    def match(self, call: Call) -> Match:
        """Read the path.

        Raises:
            UnknownObject: no URL of this interface looks like that.
            MethodNotAllowed: the URL is there, the method is not (TRANS-36).
        """
        allowed: set[str] = set()
        kind: Any = type(self)
        for route, segments in _routes_of(kind).get((call.interface, len(call.path)), ()):
            values = _fit(segments, call.path)
            if values is None:
                continue
            if call.method in route.methods:
                return Match(route.pattern, values)
            allowed.update(route.methods)
        if allowed:
            raise MethodNotAllowed(f"{call.method} is not offered here", allow=tuple(sorted(allowed)))
        raise UnknownObject(f"no such URL in {self.id} {call.interface}")

    def get_action(self, call: Call) -> str:
        """What the call wants done, where an agreement may allow some and not others (CMD-15); "" where it may not."""
        return ""

    def get_personal_id(self, match: Match) -> str:
        """An id of the URL that no log may show in clear; "" where there is none."""
        return ""

    def get_log_id(self, match: Match) -> str:
        """The object id as the call log may show it; modules with personal ids mask them."""
        for name, value in match.values.items():
            if name != "party_id" and name.endswith(("_id", "uid")):
                return value
        return ""


Segments = tuple[tuple[str, str], ...]  # the name of a placeholder, or "" and what has to stand there


@cache
def _routes_of(module: Any) -> dict[tuple[Interface, int], list[tuple[Route, Segments]]]:
    """By interface and number of segments, as every call asks."""
    found: dict[tuple[Interface, int], list[tuple[Route, Segments]]] = {}
    for route in module.routes:
        segments = tuple((text[1:-1], "") if text.startswith("{") else ("", text) for text in route.segments)
        found.setdefault((route.interface, len(segments)), []).append((route, segments))
    return found


def _fit(segments: Segments, path: tuple[str, ...]) -> dict[str, str] | None:
    values: dict[str, str] = {}
    for (name, text), given in zip(segments, path, strict=True):
        if name:
            if not given or (("." in given or "%" in given) and _leads_away(given)):
                return None
            values[name] = given
        elif text != given:
            return None
    return values


_STEP = re.compile(r"(?:^|[/\\])\.\.?(?:;[^/\\]*)?(?=$|[/\\])")


def _leads_away(value: str) -> bool:
    """Whether a server that puts paths straight would take it for a way to somewhere else: the hub's token opens all
    of a partner's URLs, whoever sent the call only those of the module. Once more decoded, as proxies do."""
    return bool(_STEP.search(value) or ("%" in value and _STEP.search(unquote(value))))
