"""A message's whole way through the hub as one list of steps, and per receiver how it ended. Reading only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.urls import reverse

from agreements.network import load_facts
from forwarding.models import DeadLetter
from management import journey_words as words
from management.journey_find import Found, find
from management.journey_receivers import Receiver, get_receivers
from management.models import LogCall, LogEvent
from ocpi.calls import PartyId
from parties.display import mask_path, show_party
from parties.models import Platform
from parties.registry import find_owned_module
from parties.spelling import count
from routing.network import Network

_ORDER = {"in": 0, "event": 1, "out": 2, "letter": 3, "resent": 4, "closed": 5, "waits": 6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened. `level`: good, warn, bad or note."""

    at: datetime
    kind: str  # in, event, out, letter, resent, closed
    level: str
    title: str
    answer: str = ""
    message: str = ""
    why: str = ""
    duration_ms: int | None = None
    facts: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    id: str
    correlation_ids: list[str]
    summary: list[str]
    receivers: list[Receiver]
    steps: list[Step]
    is_cut: bool


def get_journey(text: str, *, now: datetime) -> Journey | None:
    found = find(text)
    if found is None:
        return None
    names = dict(Platform.objects.values_list("pk", "name"))
    network = load_facts().network
    receivers = get_receivers(found, network=network, names=names, now=now)
    steps = [_tell_call(call, found=found, network=network, names=names) for call in found.calls]
    steps += [_tell_event(event) for event in found.events]
    steps += [step for letter in found.letters for step in _tell_letter(letter)]
    return Journey(
        id=text,
        correlation_ids=found.correlation_ids,
        summary=_sum_up(found, receivers),
        receivers=receivers,
        steps=sorted(steps, key=lambda step: (step.at, _ORDER[step.kind])),
        is_cut=found.is_cut,
    )


def _tell_call(call: LogCall, *, found: Found, network: Network, names: dict[int, str]) -> Step:
    partner = names.get(call.platform or 0, "somebody unknown")
    what = words.show_object(call)
    if call.leg == "in":
        title = f"{partner} calls: {what}"
    elif call.decision == "skip":
        title = f"Not told to {show_party(call.receiver) or partner}: {what}"
    else:
        title = f"The hub calls {partner}: {what}"
    told = next((event for event in found.events if event.id == call.event), None)
    is_broadcast = call.decision == "deliver" and told is not None and not told.receiver
    return Step(
        at=call.at,
        kind=call.leg,
        level=words.get_level(call),
        title=title,
        answer=words.explain_answer(call),
        message=call.message,
        why=words.explain_decision(call),
        duration_ms=call.duration_ms,
        facts=_get_facts(call, network=network),
        headers={}
        if call.decision == "skip"
        else words.get_headers(call, hub=str(network.hub), is_broadcast=is_broadcast),
        link=reverse("admin:management_logcall_change", args=[call.id]),
    )


def _get_facts(call: LogCall, *, network: Network) -> dict[str, str]:
    facts = [
        ("from", show_party(call.sender)),
        ("to", show_party(call.receiver)),
        ("interface", call.interface.lower()),
        ("attempt", str(call.attempt) if call.leg == "out" and call.decision == "deliver" else ""),
        ("repeat", "yes: the answer to an earlier attempt was lost" if call.repeat else ""),
        ("size", f"{call.size} bytes" if call.size else ""),
        ("agreement", _show_agreement(call, network=network)),
    ]
    return {name: value for name, value in facts if value}


def _show_agreement(call: LogCall, *, network: Network) -> str:
    """The one that covered this call when it was made, as it is entered now."""
    if not call.sender or not call.receiver or network.hub.key in (call.sender, call.receiver):
        return ""
    one, other = PartyId.of_key(call.sender), PartyId.of_key(call.receiver)
    permit = network.get_permit(one, other, module=call.module, at=call.at)
    if permit is None:
        return (
            f"none between {show_party(call.sender)} and {show_party(call.receiver)} for {call.module} at that moment"
        )
    return f"{permit.get_delivery(call.module).replace('_', ' ')}, since {permit.valid_from:%Y-%m-%d}"


def _tell_event(event: LogEvent) -> Step:
    whom = f"for {show_party(event.receiver)} alone" if event.receiver else "for everybody who may hear it"
    return Step(
        at=event.at,
        kind="event",
        level="note",
        title=f"Kept as event {event.id}, {whom}",
        message=f"{event.method} {event.module}/{mask_path(event.path, module=event.module)}",
        facts={
            "order": f"{mask_path(event.object_key, module=event.module)}, lane {event.sublane} of each platform",
            "stored object today": _show_stored(event),
        },
        link=reverse("admin:management_logevent_change", args=[event.id]),
    )


def _show_stored(event: LogEvent) -> str:
    """What the hub holds of the object today: the receiver's variant, else its own copy."""
    module = find_owned_module(event.module)
    _, _, key = event.object_key.partition(":")
    owner, _, name = key.partition(":")
    if module is None or not name:
        return "none"
    rows = module.model._default_manager.filter(owner=owner, object_key=name, audience__in=["", event.receiver])
    row = rows.order_by("-audience").first()
    if row is None:
        return "none"
    if row.deleted_at:
        return f"deleted at {_show_time(row.deleted_at)}"
    return f"of {_show_time(row.last_updated)}{f'; flagged: {row.flags.splitlines()[0]}' if row.flags else ''}"


def _tell_letter(letter: DeadLetter) -> Iterable[Step]:
    link = reverse("admin:forwarding_deadletter_change", args=[letter.pk])
    whom = f"{show_party(letter.receiver)} on {letter.platform.name}"
    yield Step(
        at=letter.created_at,
        kind="letter",
        level="bad",
        title=f"Dead letter {letter.pk}: {whom} did not take event {letter.event}",
        message=letter.reason,
        why="" if letter.resent_at or letter.closed_at else "It stays until somebody resends or closes it.",
        facts={"attempts": str(letter.attempts)},
        link=link,
    )
    if letter.resent_at:
        yield Step(at=letter.resent_at, kind="resent", level="note", title=f"Dead letter {letter.pk} resent", link=link)
    if letter.closed_at:
        title = f"Dead letter {letter.pk} closed"
        yield Step(at=letter.closed_at, kind="closed", level="note", title=title, message=letter.note, link=link)


def _sum_up(found: Found, receivers: list[Receiver]) -> list[str]:
    """What somebody who was woken for it wants to read first."""
    lines = []
    first = next((call for call in found.calls if call.leg == "in"), None)
    if first is not None:
        who = show_party(first.sender) or "A caller"
        whom = "the hub" if first.receiver in ("", settings.HUB_PARTY.key) else show_party(first.receiver)
        lines.append(
            f"{who} sent {words.show_object(first)} to {whom} on {_show_time(first.at)};"
            f" the hub answered {words.explain_answer(first)} after {first.duration_ms or 0} ms."
        )
        lines.append(words.explain_decision(first))
    elif found.calls:
        lines.append("The call it began with is not in the log (any more); these are the hub's own calls.")
    results = [call for call in found.calls if call.decision == "response_url" and call.leg == "in"]
    if found.aliases and not results:
        lines.append("The result of the command has not come to the hub yet.")
    if results:
        lines.append(f"A result came {count(len(results), 'time')} to the hub's response_url.")
    for state in dict.fromkeys(receiver.state for receiver in receivers):
        of_state = [receiver.party or receiver.platform_name for receiver in receivers if receiver.state == state]
        lines.append(f"{state.capitalize()}: {', '.join(of_state[:12])}{' …' if len(of_state) > 12 else ''}.")
    return [line for line in lines if line]


def _show_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
