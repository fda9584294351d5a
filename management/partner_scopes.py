"""What a partner token may do. One scope per kind of thing and direction; nothing is implied by anything else."""

from __future__ import annotations

from enum import StrEnum


class PartnerScope(StrEnum):
    FINDINGS_READ = "findings:read"
    FINDINGS_WRITE = "findings:write"
    DISPUTES_READ = "disputes:read"
    DISPUTES_WRITE = "disputes:write"
    STATEMENTS_READ = "statements:read"
    INVOICES_READ = "invoices:read"


EXPLAINED = {
    PartnerScope.FINDINGS_READ: "see findings about its parties",
    PartnerScope.FINDINGS_WRITE: "explain, accept and dispute findings",
    PartnerScope.DISPUTES_READ: "see the disputes of its parties",
    PartnerScope.DISPUTES_WRITE: "open disputes, write, accept, withdraw, escalate",
    PartnerScope.STATEMENTS_READ: "see its parties' statements",
    PartnerScope.INVOICES_READ: "see its parties' invoices",
}
