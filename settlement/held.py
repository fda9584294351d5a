"""Which CDRs are not settled yet because something about them is open. One SQL definition, by (owner, cdr_key)."""

from __future__ import annotations

HOLDING = ("hold", "reject", "error")  # severities of findings that are open

_severities = ", ".join(f"'{severity}'" for severity in HOLDING)
HELD = f"""
    SELECT finding.owner, finding.cdr_key FROM reconciliation_finding finding
     WHERE finding.cdr_key <> ''
       AND (finding.state = 'disputed' OR (finding.state = 'open' AND finding.severity IN ({_severities})))
"""
