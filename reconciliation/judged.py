"""Which CDRs reconciliation is through with, as they are now: what settlement may take. SQL, and its values."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from reconciliation.position import get_position
from reconciliation.reconcile import RIPE, get_passed, get_rules
from reconciliation.sql import HAS_WAITED

# Compared with what stands beside it, and judged by its price: both of the body that is there now. OFFSET 0 keeps the
# planner at one index probe per CDR: it would read all ratings there are, for each pair again.
JUDGED: Final = f"""(
    ((c.changed_at, c.id) <= (%(ripe_at)s, %(ripe_id)s)
     OR ((c.changed_at, c.id) <= (%(passed_at)s, %(passed_id)s) AND {HAS_WAITED}))
    AND EXISTS (SELECT FROM reconciliation_rating rating
                 WHERE rating.owner = c.owner AND rating.cdr_key = c.object_key
                   AND rating.changed_at = c.changed_at OFFSET 0))"""


def get_judged_values(*, now: datetime) -> dict[str, Any]:
    (ripe_at, ripe_id), (passed_at, passed_id) = get_position(RIPE), get_passed()
    places = {"ripe_at": ripe_at, "ripe_id": ripe_id, "passed_at": passed_at, "passed_id": passed_id}
    return {"patience": get_rules(now=now).values["patience"], **places}
