"""Whose token a session, a CDR or an authorisation is about: the key of its way (ROUTE-30, CDR-11), and who pays."""

from __future__ import annotations

import msgspec

from ocpi.calls import Call, PartyId, get_party
from ocpi.errors import InvalidParameter


class _Token(msgspec.Struct):
    country_code: str
    party_id: str


class _Bearer(msgspec.Struct):
    cdr_token: _Token | None = None


class _Authorized(msgspec.Struct):
    token: _Token | None = None


class _Authorization(msgspec.Struct):
    data: _Authorized | None = None


class _Allowed(msgspec.Struct):
    allowed: str


class _Answer(msgspec.Struct):
    data: _Allowed


_decoder = msgspec.json.Decoder(_Bearer)
_authorization = msgspec.json.Decoder(_Authorization)
_answer = msgspec.json.Decoder(_Answer)


def read_token_owner(body: bytes) -> PartyId:
    """The party in `cdr_token`.

    Raises:
        InvalidParameter: there is none, or it is no party.
    """
    try:
        token = _decoder.decode(body).cdr_token
    except (msgspec.DecodeError, RecursionError) as e:
        raise InvalidParameter(f"cdr_token: {e}") from e
    if token is None:
        raise InvalidParameter("cdr_token: is missing")
    owner = get_party(token.country_code, token.party_id)
    if not owner.is_well_formed:
        raise InvalidParameter("cdr_token.party_id: country_code and party_id are not those of a party")
    return owner


def read_authorized_owner(envelope: bytes) -> PartyId | None:
    """The party of the token in an AuthorizationInfo (TOK-07); None: it names none, and whoever asked judges."""
    try:
        info = _authorization.decode(envelope).data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    token = info.token if info else None
    return get_party(token.country_code, token.party_id) if token else None


def read_allowed(envelope: bytes) -> str | None:
    """What it says of the token (TOK-07), whatever else is wrong with it; None: nothing."""
    try:
        return _answer.decode(envelope).data.allowed
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def check_addressee(call: Call, owner: PartyId) -> None:
    """An addressed session or CDR goes to the token's owner, or to the one that acts for it (SESS-07, CDR-09).

    `call.receiver` is None where the hub itself is addressed, or nobody.
    """
    if call.receiver is not None and call.receiver != owner and owner.key not in call.acts_for:
        raise InvalidParameter(f"cdr_token: is of {owner}, the message is to {call.receiver}")
