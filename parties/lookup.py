"""Whose token is this? The look-up in the database, for tokens the facts in memory do not know (yet)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.db.models import Q

from parties.models import Platform
from parties.secrets import token_digest

# "credentials": the token in force. "previous": another one that is in force until a moment (CRED-14): the one before,
# or one the hub offers or offered by a PUT of its own. "token_a": only for versions and credentials (TRANS-06).
TokenKind = Literal["credentials", "previous", "token_a"]

GRACE_SECONDS = 600  # how long the previous token lives if the new one is not used (AMB-39)


def get_kind(platform: Platform, digest: str, *, now: datetime) -> TokenKind | None:
    """What this digest is to this platform, if anything.

    A token B of a platform that is not registered yet opens no more than Token A does (CRED-10).
    """
    if not digest:
        return None
    if digest == platform.token_a_digest:
        return "token_a"
    is_registered = platform.state == Platform.State.REGISTERED
    if digest == platform.token_in_digest:
        return "credentials" if is_registered else "token_a"
    until = platform.ending_tokens.get(digest)
    if until is not None and now < until:
        return "previous" if is_registered else "token_a"
    return None


def find_platform(decoded: str | None, raw: str | None, *, now: datetime) -> tuple[Platform, TokenKind] | None:
    """By the decoded token, or by the token as written for platforms known to send it so (TRANS-04)."""
    for token, must_be_raw in ((decoded, False), (raw, True)):
        if token is None:
            continue
        digest = token_digest(token)
        for platform in _filter_digest(digest, must_be_raw=must_be_raw):
            kind = get_kind(platform, digest, now=now)
            if kind is not None:
                return platform, kind
    return None


def _filter_digest(digest: str, *, must_be_raw: bool) -> list[Platform]:
    match = Q(token_in_digest=digest) | Q(token_a_digest=digest)
    match |= Q(token_in_previous_digest=digest) | Q(token_in_earlier_digest=digest)
    platforms = Platform.objects.filter(match)
    if must_be_raw:
        platforms = platforms.filter(sends_raw_token=True)
    return list(platforms.order_by("id")[:2])
