"""Who has set profiles on one session: more than one Sender is legal, but should not happen (CP-12)."""

from __future__ import annotations

from charging_profiles.models import Setting
from parties.display import show_party


def flag_mixed(*, receiver: str, session_id: str) -> str | None:
    """What is told to people where several Senders' profiles were not refused; keys of parties as they are stored."""
    settings = Setting.objects.filter(receiver=receiver, session_key=session_id.lower(), refused_at__isnull=True)
    senders = sorted(set(settings.values_list("sender", flat=True)))
    if len(senders) < 2:
        return None
    return f"charging profiles were set by several senders: {', '.join(show_party(sender) for sender in senders)}"
