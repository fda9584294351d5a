"""A dispute as it lies in the table; documents that fit each other, stored, to argue about; and who argues."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from cdrs.models import Cdr
from parties.side_names import Side
from reconciliation.dispute_states import Action
from reconciliation.disputes import Actor, act, open_dispute
from reconciliation.models import Dispute
from tests.documents import as_json, cdr_document, credit_cdr_document, session_document
from tests.reconciliation.stored import NOW, store_cdr, store_credit, store_session

EMSP, CPO, HUB = Actor(Side.EMSP, "Ms Martin"), Actor(Side.CPO, "Mr Jansen"), Actor(Side.HUB, "staff")
LATER = NOW + timedelta(days=1)
DUE = NOW + timedelta(days=14)
BEYOND_BOUNDS = '{"x": 1e99999999999999999999}'  # of a field that nobody looks at, so it is stored as told


def make_dispute(**columns: Any) -> Dispute:
    values = {
        "owner": "nlcpo",
        "token_owner": "frmsp",
        "cdr_id": "C1",
        "cdr_key": "c1",
        "session_key": "s1",
        "amount": Decimal("4.20"),
        "currency": "EUR",
        "state": "open",
        "opener": "emsp",
        "reason": "We were told 12.345 kWh.",
        "opened_at": NOW,
        "due_at": DUE,
    }
    return Dispute.objects.create(**values | columns)


def store_disputed(**columns: Any) -> Cdr:
    """The CDR C1 and its session S1, with their documents."""
    store_session(document=as_json(session_document()).decode())
    return store_cdr(document=as_json(cdr_document()).decode(), **columns)


def store_credit_of_c1(**changes: Any) -> Cdr:
    document = credit_cdr_document(of=cdr_document(), id="C1-CREDIT", **changes)
    return store_credit("c1-credit", of="c1", document=as_json(document).decode())


def open_it(actor: Actor = EMSP, **options: Any) -> Dispute:
    return open_dispute(store_disputed(), actor=actor, reason="too much", now=NOW, **options)


def do(dispute: Dispute, action: Action, actor: Actor, **options: Any) -> Dispute:
    return act(dispute.pk, action, actor=actor, now=LATER, **options)


def get_texts(dispute: Dispute) -> list[tuple[str, str]]:
    return [(entry.action, entry.text) for entry in dispute.entries.all()]
