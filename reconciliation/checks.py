"""Every fault that a CDR can have beside its session and other CDRs: its kind, severity, place and words. One list, for
`compare.py` that looks at one CDR and for the set-based statement in `classify.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tariffs.pricing import Severity


class Kind(StrEnum):
    ENERGY_DIFFERS = "energy_differs"
    COST_DIFFERS = "cost_differs"
    CURRENCY_DIFFERS = "currency_differs"
    TIME_DIFFERS = "time_differs"
    TOKEN_OWNER_DIFFERS = "token_owner_differs"
    SESSION_INVALID = "session_invalid"
    SESSION_BILLED_TWICE = "session_billed_twice"
    SESSION_ID_MISSING = "session_id_missing"
    CDR_WITHOUT_SESSION = "cdr_without_session"
    SESSION_WITHOUT_CDR = "session_without_cdr"
    UNDELIVERED_CDR = "undelivered_cdr"
    CHARGE_BILLED_TWICE = "charge_billed_twice"
    OVERLAPS_OTHER_CDR = "overlaps_other_cdr_on_evse"
    CDR_LATE = "cdr_late"
    CREDIT_REFERENCE_UNKNOWN = "credit_reference_unknown"
    CREDIT_OF_CREDIT = "credit_of_credit"
    CREDIT_TOTAL_NOT_MIRROR = "credit_total_not_mirror"
    CREDIT_TOKEN_OWNER_DIFFERS = "credit_token_owner_differs"
    CREDITED_TWICE = "credited_twice"
    CREDIT_NOT_SETTLED = "credit_not_settled"
    MISSING_AT_RECEIVER = "missing_at_receiver"
    UNKNOWN_TO_CPO = "unknown_to_cpo"
    DIFFERS_AT_RECEIVER = "differs_at_receiver"


# Not judged by looking at one CDR and what stands beside it, but in `unbilled.py`, in `receiver_list.py` and, when a
# period is closed, by settlement.
FOUND_ELSEWHERE = frozenset(
    {
        *(Kind.SESSION_WITHOUT_CDR, Kind.MISSING_AT_RECEIVER, Kind.UNKNOWN_TO_CPO, Kind.DIFFERS_AT_RECEIVER),
        Kind.CREDIT_NOT_SETTLED,
    }
)
# Their `expected` is the id of another CDR.
NAMES_OTHER_CDR = frozenset(
    {Kind.SESSION_BILLED_TWICE, Kind.CHARGE_BILLED_TWICE, Kind.OVERLAPS_OTHER_CDR, Kind.CREDITED_TWICE}
)


@dataclass(frozen=True, slots=True)
class Check:
    kind: Kind
    severity: Severity
    path: str
    words: str  # {cdr}, {session}, {expected}, {actual}


CHECKS = (
    Check(
        Kind.ENERGY_DIFFERS,
        Severity.HOLD,
        "/total_energy",
        "CDR {cdr} bills {actual} kWh, session {session} delivered {expected} kWh.",
    ),
    Check(
        Kind.COST_DIFFERS,
        Severity.FLAG,
        "/total_cost/excl_vat",
        "CDR {cdr} bills {actual} excl. VAT, session {session} announced {expected}.",
    ),
    Check(
        Kind.CURRENCY_DIFFERS,
        Severity.HOLD,
        "/currency",
        "CDR {cdr} bills in {actual}, session {session} was in {expected}.",
    ),
    Check(
        Kind.TIME_DIFFERS,
        Severity.FLAG,
        "/start_date_time",
        "CDR {cdr} starts at {actual}, session {session} at {expected}.",
    ),
    Check(
        Kind.TIME_DIFFERS,
        Severity.FLAG,
        "/end_date_time",
        "CDR {cdr} ends at {actual}, session {session} at {expected}.",
    ),
    Check(
        Kind.TOKEN_OWNER_DIFFERS,
        Severity.HOLD,
        "/cdr_token",
        "CDR {cdr} bills {actual}, session {session} was charged with a token of {expected}.",
    ),
    Check(
        Kind.SESSION_INVALID,
        Severity.HOLD,
        "/session_id",
        "CDR {cdr} bills session {session}, which is {actual} and must not be billed.",
    ),
    Check(
        Kind.SESSION_BILLED_TWICE,
        Severity.HOLD,
        "/session_id",
        "CDR {actual} bills session {session} again: CDR {expected} billed it before and is not credited.",
    ),
    Check(
        Kind.SESSION_ID_MISSING,
        Severity.PASS,
        "/session_id",
        "CDR {cdr} names no session, so there is nothing to compare it with.",
    ),
    Check(
        Kind.CDR_WITHOUT_SESSION,
        Severity.HOLD,
        "/session_id",
        "CDR {cdr} bills session {expected}, which the hub has never received.",
    ),
    Check(
        Kind.SESSION_WITHOUT_CDR,
        Severity.HOLD,
        "/id",
        "Session {session} ended with {expected} kWh and was never billed: no CDR names it.",
    ),
    Check(
        Kind.UNDELIVERED_CDR,
        Severity.HOLD,
        "/id",
        "CDR {cdr} was sent and never accepted: the last answer of its receiver, or the hub's for it, is {actual}.",
    ),
    Check(
        Kind.CHARGE_BILLED_TWICE,
        Severity.HOLD,
        "/id",
        "CDR {actual} probably bills what CDR {expected} billed before: EVSE, token and start are the same, its id is "
        "not. Its CPO takes the wrong one back by a credit CDR; if both are right, accept this.",
    ),
    Check(
        Kind.OVERLAPS_OTHER_CDR,
        Severity.FLAG,
        "/cdr_location/evse_uid",
        "CDR {actual} bills an EVSE at a time for which CDR {expected} billed it too.",
    ),
    Check(
        Kind.CDR_LATE,
        Severity.FLAG,
        "/end_date_time",
        "CDR {cdr} was due at {expected} and came at {actual}, though session {session} was known in time.",
    ),
    Check(
        Kind.CREDIT_REFERENCE_UNKNOWN,
        Severity.HOLD,
        "/credit_reference_id",
        "CDR {cdr} takes back CDR {expected}, which the hub has never received.",
    ),
    Check(
        Kind.CREDIT_OF_CREDIT,
        Severity.HOLD,
        "/credit_reference_id",
        "CDR {cdr} takes back CDR {expected}, which is a credit: it is never settled. To bill again, send a new CDR.",
    ),
    Check(
        Kind.CREDIT_TOTAL_NOT_MIRROR,
        Severity.HOLD,
        "/total_cost/excl_vat",
        "CDR {cdr} takes back {actual} excl. VAT; what it credits needs {expected}.",
    ),
    Check(
        Kind.CREDIT_TOTAL_NOT_MIRROR,
        Severity.HOLD,
        "/total_cost/incl_vat",
        "CDR {cdr} takes back {actual} incl. VAT; what it credits needs {expected}.",
    ),
    Check(
        Kind.CREDIT_TOKEN_OWNER_DIFFERS,
        Severity.HOLD,
        "/cdr_token",
        "CDR {cdr} gives back to {actual} what was billed to {expected}: it is never settled.",
    ),
    Check(
        Kind.CREDITED_TWICE,
        Severity.HOLD,
        "/credit_reference_id",
        "CDR {actual} takes back again what CDR {expected} has taken back before.",
    ),
    Check(
        Kind.CREDIT_NOT_SETTLED,
        Severity.HOLD,
        "/credit_reference_id",
        "CDR {actual} is never settled: CDR {expected}, in a closed statement, took back all or part of the same. "
        "If something is left, the two parties settle it outside of the hub; then accept this.",
    ),
    Check(
        Kind.MISSING_AT_RECEIVER,
        Severity.HOLD,
        "/id",
        "CDR {cdr} is not in the list of its receiver.",
    ),
    Check(
        Kind.UNKNOWN_TO_CPO,
        Severity.HOLD,
        "/id",
        "The receiver lists CDR {cdr}, which the hub never had from its CPO.",
    ),
    Check(
        Kind.DIFFERS_AT_RECEIVER,
        Severity.HOLD,
        "/total_cost/excl_vat",
        "The receiver lists CDR {cdr} with {actual}; its CPO sent {expected}.",
    ),
    Check(
        Kind.DIFFERS_AT_RECEIVER,
        Severity.HOLD,
        "/total_energy",
        "The receiver lists CDR {cdr} with {actual} kWh; its CPO sent {expected} kWh.",
    ),
)
CHECK_OF = {(check.kind, check.path): check for check in CHECKS}
