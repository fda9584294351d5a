"""The tokens module (mod_tokens). A token's key is its uid and its type together (TOK-03). Uids are personal data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from django.conf import settings
from msgspec.structs import replace

from journal.reader import Reader
from ocpi.calls import Call, Interface, PartyId, Role
from ocpi.errors import InvalidParameter, MethodNotAllowed
from ocpi.module import NOTHING, Match, Resolved, Route
from ocpi.pages import read_query
from parties.owned_changes import Place
from parties.owned_module import Absence, OwnedModule
from parties.routed_module import Scope
from tokens.models import Token
from tokens.wire import v2_2_1

DEFAULT_TYPE = "RFID"
LONGEST_TYPE = 20


class _Typed(msgspec.Struct):
    type: str | None = None


class Tokens(OwnedModule):
    id = "tokens"
    names_people = True
    broadcast = True
    owner_roles = frozenset({Role.EMSP, Role.OTHER})
    routes = (
        Route(interface=Interface.SENDER, pattern="", methods=("GET",)),
        Route(
            interface=Interface.SENDER,
            pattern="{token_uid}/authorize",
            methods=("POST",),
            request=v2_2_1.LocationReferences | None,
            answer=v2_2_1.AuthorizationInfo,
        ),
        Route(
            interface=Interface.RECEIVER,
            pattern="{country_code}/{party_id}/{token_uid}",
            methods=("GET", "PUT", "PATCH"),  # tokens are never deleted (TOK-04)
        ),
    )
    model = Token
    wire = v2_2_1.Token
    identity = {"country_code": "country_code", "party_id": "party_id", "uid": "token_uid"}
    absence = Absence.STALE  # TOK-05
    is_noted = True

    def match(self, call: Call) -> Match:
        """A token on the SENDER side is there to be asked about, and for nothing else (TOK-02)."""
        if call.interface is Interface.SENDER and len(call.path) == 1 and call.path[0]:
            raise MethodNotAllowed("there is only …/authorize below a token")
        return super().match(call)

    def get_timeout(self, call: Call) -> float | None:
        """A driver stands there and waits (TOK-11, ROUTE-20)."""
        return float(settings.HUB_AUTHORIZE_TIMEOUT) if call.method == "POST" else None

    async def look_up(self, call: Call, match: Match, scope: Scope, reader: Reader) -> Resolved:
        """Who is asked about a token: its owner among the caller's partners; all of them unless there is just one.

        The store says only whom to ask. What it knows of the token is never the answer (TOK-11, TOK-16).
        """
        if call.method != "POST":
            return NOTHING
        rows = await reader.fetch(
            "SELECT DISTINCT owner FROM tokens_token WHERE uid_key = %s AND type = %s AND owner = ANY(%s)"
            " AND audience IN ('', %s) AND stale_at IS NULL LIMIT 2",
            (
                match["token_uid"].lower(),
                _get_asked_type(call) or DEFAULT_TYPE,
                sorted(scope.partners),
                scope.caller.key,
            ),
        )
        return Resolved(PartyId.of_key(rows[0][0])) if len(rows) == 1 else Resolved(ask=True)

    async def complete(self, call: Call, match: Match, reader: Reader) -> Match:
        """Without a type, an RFID token is meant, or else the only token with that uid (TOK-03)."""
        if call.method not in ("GET", "PATCH") or match.owner is None or _get_type(call) is not None:
            return match
        rows = await reader.fetch(
            "SELECT DISTINCT type FROM tokens_token WHERE owner = %s AND uid_key = %s LIMIT 10",
            (match.owner.key, match["token_uid"].lower()),
        )
        types = {row[0] for row in rows}
        if len(types) != 1:
            return match
        return replace(match, values={**match.values, "type": types.pop()})

    def get_object_id(self, match: Match, obj: Any | None) -> str:
        return str(obj.uid) if obj is not None else match["token_uid"]

    def get_push_query(self, document: bytes) -> str:
        kind = _get_body_type(document)
        return "" if kind in (None, DEFAULT_TYPE) else urlencode({"type": kind})

    def get_personal_id(self, match: Match) -> str:
        return match.get("token_uid") or ""

    def get_log_id(self, match: Match) -> str:
        uid = match.get("token_uid") or ""
        return mask(uid) if uid else ""

    def get_columns(self, obj: v2_2_1.Token) -> Mapping[str, Any]:
        return {
            "uid_key": obj.uid.lower(),
            "type": str(obj.type),
            "contract_id": obj.contract_id,
            "valid": obj.valid,
            "whitelist": str(obj.whitelist),
            "stale_at": None,
        }

    def get_known_columns(self, match: Match) -> Mapping[str, Any]:
        return {"uid_key": match["token_uid"].lower(), "type": match.get("type") or DEFAULT_TYPE}

    def check(self, call: Call, match: Match) -> None:
        asked, told = _get_asked_type(call), _get_body_type(call.body)
        if max(len(asked or ""), len(told or "")) > LONGEST_TYPE:
            raise InvalidParameter("type: is not a token type")
        if asked is not None and told is not None and asked != told:
            raise InvalidParameter(f"type: the body says {told[:20]!r}, the URL says {asked[:20]!r}")  # AMB-59

    def get_place(self, call: Call, match: Match, *, audience: PartyId | None) -> Place:
        place = super().get_place(call, match, audience=audience)
        uid = place.key[1]
        kind = _get_type(call) or match.get("type") or DEFAULT_TYPE
        key = (place.key[0], f"{uid}|{kind}", place.key[2])
        return Place(table=place.table, key=key, base=(*key[:2], "") if place.base else None, version=place.version)


def mask(uid: str) -> str:
    """How logs and lists show a token: enough to recognise it, too little to use it."""
    return "•••" + uid[-4:] if len(uid) > 6 else "•••"


def _get_type(call: Call) -> str | None:
    """As far as the call says it: in its URL or, of a push, in its body."""
    return _get_asked_type(call) or (_get_body_type(call.body) if call.is_push else None)


def _get_asked_type(call: Call) -> str | None:
    return read_query(call.query).get("type") or None


def _get_body_type(body: bytes) -> str | None:
    if not body:
        return None
    try:
        return msgspec.json.decode(body, type=_Typed).type
    except (msgspec.DecodeError, RecursionError):
        return None
