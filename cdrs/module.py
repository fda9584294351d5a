"""The cdrs module (mod_cdrs). CDRs are immutable, have one addressee, and are answered with a Location (CDR-03)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from cdrs.control import control
from cdrs.control.terms import read_terms
from cdrs.models import Cdr
from cdrs.policy import get_thresholds
from cdrs.wire import v2_2_1
from journal.reader import Reader
from journal.rows import Change, Columns
from ocpi.calls import Call, Interface, PartyId, Reply, Role
from ocpi.countries import get_alpha2
from ocpi.errors import InvalidParameter
from ocpi.module import Match, Resolved, Route
from ocpi.raw import is_same_content, read_exactly, read_fields, read_text
from parties.owned_changes import Described, Place, put
from parties.owned_module import OwnedModule
from parties.token_owner import check_addressee, read_token_owner
from tariffs.pricing import Severity

NO_EVSE = "#na"


class Cdrs(OwnedModule):
    id = "cdrs"
    owner_roles = frozenset({Role.CPO})
    routes = (
        Route(interface=Interface.SENDER, pattern="", methods=("GET",)),
        Route(interface=Interface.RECEIVER, pattern="", methods=("POST",)),
    )
    model = Cdr
    wire = v2_2_1.CDR
    identity: ClassVar[Mapping[str, str]] = {}  # a CDR's URL names nothing (CDR-02)
    is_token_bound = True
    names_people = True

    def get_object_id(self, match: Match, obj: Any | None) -> str:
        return str(obj.id) if obj is not None else match["cdr_id"]

    def get_owner(self, call: Call, match: Match) -> PartyId | None:
        return PartyId(match["country_code"], match["party_id"]) if "cdr_id" in match.values else None

    def match(self, call: Call) -> Match:
        """The URL of a POST names nothing, so the body has to."""
        match = super().match(call)
        if call.method == "POST":
            body = read_fields(call.body)
            for name, limit in (("country_code", 2), ("party_id", 3), ("id", 39)):
                value = read_text(body, name)
                if not value or len(value.lower()) > limit:
                    raise InvalidParameter(f"{name}: is missing or longer than {limit}")
                match.values["cdr_id" if name == "id" else name] = value
        return match

    def get_log_id(self, match: Match) -> str:
        return match.get("cdr_id") or ""

    def check(self, call: Call, match: Match) -> None:
        check_addressee(call, read_token_owner(call.body))  # CDR-09

    def resolve(self, call: Call, match: Match) -> Resolved:
        return Resolved(read_token_owner(call.body)) if call.method == "POST" else super().resolve(call, match)

    def get_posted_key(self, call: Call, match: Match) -> str | None:
        return self.get_place(call, match, audience=None).key[1] if call.method == "POST" else None

    def get_supersedes(self, call: Call, match: Match) -> bool:
        return False  # every CDR is money: none stands for another

    def get_flags(self, obj: v2_2_1.CDR) -> tuple[str, ...]:
        """CDR-07, CDR-12, CDR-16, CDR-17."""
        return (*super().get_flags(obj), *v2_2_1.flags(obj))

    def read_terms(self, document: Any) -> dict[str, Any]:
        return read_terms(document)

    def judge(self, call: Call, *, terms: str, now: datetime) -> None:
        """By the rules for one CDR alone: the store is not asked, so a zone is known only where the country has one."""
        if call.method != "POST":
            return
        result = control(
            read_exactly(call.body), now=now, time_zone=None, thresholds=get_thresholds(terms), explain=False
        )
        for finding in result.findings:
            if finding.severity is Severity.REJECT:
                raise InvalidParameter(f"{finding.path or '/'}: {finding.message} ({finding.id}), by your agreement")

    def get_columns(self, obj: v2_2_1.CDR) -> Mapping[str, Any]:
        return {
            "token_owner": PartyId(obj.cdr_token.country_code, obj.cdr_token.party_id).key,
            "session_key": (obj.session_id or "").lower(),
            "start_at": obj.start_date_time,
            "end_at": obj.end_date_time,
            "total_energy": obj.total_energy,
            "total_cost": obj.total_cost.excl_vat,
            "total_cost_incl": obj.total_cost.incl_vat,
            "country": get_alpha2(obj.cdr_location.country),
            "currency": obj.currency,
            "is_credit": bool(obj.credit),
            "credit_reference_key": (obj.credit_reference_id or "").lower(),
            "evse_key": _get_evse_key(obj),
            "token_key": obj.cdr_token.uid.lower(),
        }

    def get_changes(self, call: Call, match: Match, *, audience: PartyId | None, now: datetime) -> tuple[Change, ...]:
        """The first body stays once a receiver has accepted it (CDR-04, CDR-05)."""
        place = self.get_place(call, match, audience=None)
        described = self.describe(call.body, match, strict=audience is None)
        return (_post(place, described, now=now, strict=audience is None),)

    def get_verdict_columns(self, code: int) -> Columns:
        """One that was not accepted is looked at by reconciliation (CDR-18)."""
        return {"is_undelivered": not is_accepted({"verdict_code": code})}

    async def get_settled(self, call: Call, match: Match, reader: Reader) -> Reply | None:
        place = self.get_place(call, match, audience=None)
        rows = await reader.fetch(
            "SELECT verdict_code FROM cdrs_cdr WHERE owner = %s AND object_key = %s AND audience = %s", place.key
        )
        return Reply() if rows and is_accepted({"verdict_code": rows[0][0]}) else None


def _post(place: Place, described: Described, *, now: datetime, strict: bool) -> Change:
    replace = put(place, described, now=now).apply

    def apply(stored: Columns | None, base: Columns | None) -> Columns | None:
        if stored is None:
            return replace(None, None)
        if is_same_content(stored["document"], described.document):
            return None
        if is_accepted(stored):
            if strict:
                raise InvalidParameter(f"id: CDR {described.object_id[:39]!r} is known with other content (CDR-05)")
            return None
        changed = replace({**stored, "last_updated": described.last_updated}, None)
        return None if changed is None else {**changed, "is_undelivered": False}

    return Change(table=place.table, key=place.key, apply=apply)


def _get_evse_key(cdr: v2_2_1.CDR) -> str:
    """Some leave the uid out and give the id alone; a reservation that no charging followed may name none (CDR-16)."""
    key = (cdr.cdr_location.evse_uid or cdr.cdr_location.evse_id).lower()
    return "" if key == NO_EVSE else key


def is_accepted(stored: Columns) -> bool:
    """A receiver took it with a 1xxx."""
    return stored["verdict_code"] is not None and 1000 <= stored["verdict_code"] < 2000
