"""The tokens module (mod_tokens). A token's key is its uid and its type together (TOK-03). Uids are personal data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ocpi.calls import Call, Interface, PartyId, Role
from ocpi.errors import InvalidParameter
from ocpi.module import Match, Route
from ocpi.pages import read_query
from parties.owned_changes import Place
from parties.owned_module import OwnedModule
from tokens.models import Token
from tokens.wire import v2_2_1

DEFAULT_TYPE = "RFID"
LONGEST_TYPE = 20


class _Typed(msgspec.Struct):
    type: str | None = None


class Tokens(OwnedModule):
    id = "tokens"
    broadcast = True
    owner_roles = frozenset({Role.EMSP, Role.OTHER})
    routes = (
        Route(interface=Interface.SENDER, pattern="", methods=("GET",)),
        Route(interface=Interface.SENDER, pattern="{token_uid}/authorize", methods=("POST",)),
        Route(
            interface=Interface.RECEIVER,
            pattern="{country_code}/{party_id}/{token_uid}",
            methods=("GET", "PUT", "PATCH"),  # tokens are never deleted (TOK-04)
        ),
    )
    model = Token
    wire = v2_2_1.Token
    identity = {"country_code": "country_code", "party_id": "party_id", "uid": "token_uid"}

    def get_object_id(self, match: Match, obj: Any | None) -> str:
        return str(obj.uid) if obj is not None else match["token_uid"]

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
        }

    def check(self, call: Call, match: Match) -> None:
        asked, told = _get_asked_type(call), _get_body_type(call.body)
        if max(len(asked or ""), len(told or "")) > LONGEST_TYPE:
            raise InvalidParameter("type: is not a token type")
        if call.method == "PUT" and asked is not None and told is not None and asked != told:
            raise InvalidParameter(f"type: the body says {told[:20]!r}, the URL says {asked[:20]!r}")  # AMB-59

    def get_place(self, call: Call, match: Match, *, audience: PartyId | None) -> Place:
        place = super().get_place(call, match, audience=audience)
        uid = place.key[1]
        kind = _get_asked_type(call) or (_get_body_type(call.body) if call.is_push else None) or DEFAULT_TYPE
        key = (place.key[0], f"{uid}|{kind}", place.key[2])
        return Place(table=place.table, key=key, base=(*key[:2], "") if place.base else None, version=place.version)


def mask(uid: str) -> str:
    """How logs and lists show a token: enough to recognise it, too little to use it."""
    return "•••" + uid[-4:] if len(uid) > 6 else "•••"


def _get_asked_type(call: Call) -> str | None:
    return read_query(call.query).get("type") or None


def _get_body_type(body: bytes) -> str | None:
    if not body:
        return None
    try:
        return msgspec.json.decode(body, type=_Typed).type
    except msgspec.DecodeError:
        return None
