"""The vocabulary of one OCPI message: who calls whom, with what, and what is answered. No framework, no I/O.

What is made for every call is a msgspec.Struct: it is made in C, in a tenth of the time a frozen dataclass takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import msgspec


class Version(StrEnum):
    V2_2_1 = "2.2.1"


class Interface(StrEnum):
    """SENDER is the interface of the data's owner, RECEIVER that of its reader (VERS-06)."""

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"


class Role(StrEnum):
    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    SCSP = "SCSP"


class ConnectionStatus(StrEnum):
    """HubClientInfo's statuses (HCI-09)."""

    CONNECTED = "CONNECTED"
    OFFLINE = "OFFLINE"
    PLANNED = "PLANNED"
    SUSPENDED = "SUSPENDED"


class Delivery(StrEnum):
    """What happens to a push whose receiver does not answer: policy of an agreement, per module (AMB-20)."""

    RELAY = "relay"
    STORE_AND_FORWARD = "store_and_forward"


@dataclass(frozen=True, slots=True, init=False, eq=False)
class PartyId:
    """(country_code, party_id) as it was written; equal without regard to case (TRANS-40).

    `key` is the lower-cased pair ("nlcpo"): two letters of country first, so the pair is never ambiguous.
    """

    key: str
    country_code: str
    party_id: str
    is_well_formed: bool = field(repr=False)

    def __init__(self, country_code: str, party_id: str) -> None:
        object.__setattr__(self, "country_code", country_code)
        object.__setattr__(self, "party_id", party_id)
        object.__setattr__(self, "key", f"{country_code}{party_id}".lower())
        object.__setattr__(self, "is_well_formed", _is_well_formed(country_code, party_id))

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, PartyId) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    @classmethod
    def of_text(cls, text: str) -> PartyId:
        """Read "NL*CPO" (also "NL-CPO" and "NLCPO").

        Raises:
            ValueError: it is not two letters and one to three letters or digits.
        """
        plain = text.strip().replace("*", "").replace("-", "").replace("/", "")
        party = cls(plain[:2], plain[2:])
        if not party.is_well_formed:
            raise ValueError(f"{text!r} is not a party: two letters of country, then one to three letters or digits")
        return party

    @classmethod
    def of_key(cls, key: str) -> PartyId:
        """Back from `key`, written in capitals as most parties do."""
        return cls(key[:2].upper(), key[2:].upper())

    def __str__(self) -> str:
        return f"{self.country_code}*{self.party_id}"


@lru_cache(maxsize=8192)
def _is_well_formed(country: str, party: str) -> bool:
    return (
        len(country) == 2
        and country.isascii()
        and country.isalpha()
        and 1 <= len(party) <= 3
        and party.isascii()
        and party.isalnum()
    )


@lru_cache(maxsize=8192)  # bounded: strangers choose what is written in a call
def get_party(country_code: str, party_id: str) -> PartyId:
    """Of the few parties there are, each is named several times in every call; one that is well formed or not."""
    return PartyId(country_code, party_id)


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a functional module, as it came. `path` is what stands behind the endpoint, percent-decoded."""

    module: str
    interface: Interface
    method: str
    path: tuple[str, ...] = ()
    query: str = ""  # as it came, without "?"
    body: bytes = b""
    sender: PartyId | None = None  # OCPI-from-*
    receiver: PartyId | None = None  # OCPI-to-*
    receiver_roles: frozenset[Role] = frozenset()  # what the hub knows of the receiver, where a module asks for it
    acts_for: frozenset[str] = frozenset()  # keys of the parties whose mandate the receiver has for this module
    request_id: str = ""
    correlation_id: str = ""
    version: Version = Version.V2_2_1
    raw_path: str = ""  # the same, percent-encoded, without a leading slash: what is put behind the receiver's URL
    on_behalf_of: PartyId | None = None  # the owner, where a hub passes on a broadcast of one behind it (ROUTE-46)

    @property
    def is_push(self) -> bool:
        return self.method in ("PUT", "PATCH", "POST", "DELETE")

    @property
    def principal(self) -> PartyId | None:
        """Whose agreements count."""
        return self.on_behalf_of or self.sender


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `body` is the whole envelope when it is relayed as it came; else `data` (raw JSON) is wrapped."""

    http_status: int = 200
    status_code: int = 1000
    status_message: str | None = None
    data: bytes | None = None
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    sender: PartyId | None = None  # OCPI-from-* of the answer: who answered
    receiver: PartyId | None = None  # OCPI-to-* of the answer: who asked

    @property
    def is_success(self) -> bool:
        """Both layers must agree (AMB-03)."""
        return 200 <= self.http_status < 300 and 1000 <= self.status_code < 2000
