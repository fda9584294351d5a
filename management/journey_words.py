"""A journey in plain words: what the hub decided about a call and by which rule, and what an answer means."""

from __future__ import annotations

from management.models import LogCall
from management.outcome import Outcome
from parties.display import show_party

LEVELS = {Outcome.ACCEPTED: "good", Outcome.REFUSED: "warn", Outcome.FAILED: "bad", Outcome.UNREACHED: "bad"}

DECISIONS = {
    "broadcast": "Addressed to the hub: kept, answered at once, and told to everybody who may hear it (ROUTE-23).",
    "answer": "Answered by the hub from its own store.",
    "ask": "No receiver named, and several may know the token: all of them were asked (TOK-16).",
    "deliver": "Told on by the receiver's lane (ROUTE-24, ROUTE-35).",
    "pull": "The hub's own call: it read this list of the partner's.",
    "link": "The next page of a relayed list, by the hub's own link (ROUTE-43).",
    "location": "Read under the hub's own Location URL (CDR-03).",
    "response_url": "The later result of a command, carried on to whoever asked for it (CMD-05).",
}

REFUSALS = {
    401: "No valid token: nothing of the call was looked at (E1).",
    403: "The sender named is none of the caller's parties (E2, ROUTE-03).",
    404: "Not there, or not for this caller (E6).",
    405: "This method is not offered there (E8).",
    413: "The body was over the hub's limit.",
    429: "Over the caller's rate limit: nothing was done, the caller tries again later.",
    503: "The hub was too busy or could not store: nothing was promised, the caller tries again.",
}
REFUSALS_BY_CODE = {
    2001: "Something in the call is missing or wrong; the answer names it (E4).",
    2002: "The call does not say enough for the hub to find the receiver (E5, ROUTE-37).",
    4000: "The hub could not route it; the answer says why (ROUTE-18).",
    4001: "The hub does not know the receiver that was named (ROUTE-15).",
    4002: "The receiver did not answer in time (ROUTE-16).",
    4003: "The receiver is not connected, or no agreement allows this (ROUTE-17, ROUTE-22).",
}


def explain_decision(call: LogCall) -> str:
    """Which way the hub chose, and the rule that said so."""
    if call.decision == "forward":
        if call.leg == "in" and not call.receiver:
            return "No receiver named: the hub found the one party it is for (ROUTE-36, ROUTE-37) and relayed it."
        return f"Addressed to {show_party(call.receiver) or 'one party'}: relayed to it (ROUTE-05)."
    if call.decision == "skip":
        return f"Not sent: {call.message.removeprefix('skipped: ') or 'not needed'} (ROUTE-21)."
    if call.decision == "reject":
        by_code = REFUSALS_BY_CODE.get(call.status_code or 0)
        return f"Refused by the hub. {by_code or REFUSALS.get(call.http_status or 0, 'The answer says why.')}"
    return DECISIONS.get(call.decision, "")


def explain_answer(call: LogCall) -> str:
    """What the receiver said, or that it did not."""
    if call.decision == "skip":
        return "not sent"
    if call.http_status is None and call.status_code == 4002:
        return "no answer in time"
    if call.http_status is None:
        return "not reached"
    told = f"HTTP {call.http_status}"
    return f"{told}, OCPI {call.status_code}" if call.status_code is not None else f"{told}, no OCPI answer"


def get_level(call: LogCall) -> str:
    if call.decision == "skip":
        return "note"
    return LEVELS[Outcome(call.outcome)]


def get_headers(call: LogCall, *, hub: str, is_broadcast: bool) -> dict[str, str]:
    """The message headers as they stood on this leg: from what the log keeps of them, credentials never (ROUTE-02)."""
    sender = hub if call.leg == "out" and is_broadcast else show_party(call.sender)
    headers = [("Authorization", "Token ••••••")]
    headers += [("X-Request-ID", call.request_id)] if call.request_id else []
    headers += [("X-Correlation-ID", call.correlation_id)] if call.correlation_id else []
    for name, party in (("from", sender), ("to", show_party(call.receiver))):
        if party:
            country, _, party_id = party.partition("*")
            headers += [(f"OCPI-{name}-country-code", country), (f"OCPI-{name}-party-id", party_id)]
    return dict(headers)


def show_object(call: LogCall) -> str:
    name = "" if call.object_id.startswith("result-") else call.object_id
    return f"{call.method} {call.module}{'/' + name if name else ''}"
