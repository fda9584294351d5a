"""Which CDRs must stay out of statements. The one definition: settlement puts this SQL into its own."""

from __future__ import annotations

from typing import Final

from django.db import connection

from tariffs.pricing import Severity

HOLDING_SEVERITIES: Final = frozenset({Severity.HOLD, Severity.REJECT})
_SEVERITIES: Final = ", ".join(f"'{severity.value}'" for severity in sorted(HOLDING_SEVERITIES))

# Two columns: owner, cdr_key. A finding that people dispute holds whatever its severity is.
HELD_CDRS: Final = f"""
    SELECT owner, cdr_key FROM reconciliation_finding
     WHERE cdr_key <> '' AND (state = 'disputed' OR (state = 'open' AND severity IN ({_SEVERITIES})))
     UNION
    SELECT owner, cdr_key FROM reconciliation_dispute WHERE is_holding
"""


def is_held(owner: str, cdr_key: str) -> bool:
    """One CDR, by keys. For many, join `HELD_CDRS`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT 1 FROM ({HELD_CDRS}) held WHERE owner = %s AND cdr_key = %s)", [owner, cdr_key]
        )
        return bool(cursor.fetchone()[0])
