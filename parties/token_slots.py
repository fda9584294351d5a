"""The tokens a partner may call the hub with, while one takes the place of another (CRED-14, AMB-39).

A token the hub *offers* in a request of its own lies in the second slot (`token_in_previous_*`) until the answer is
there: the peer's call-backs with it must work meanwhile, its calls with the old one too, and if this process dies the
old one simply stays. What lay there moves to the third slot (`token_in_earlier_*`) meanwhile, and is good as well: it
may be an earlier offer whose answer was lost, and then the peer may use nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import Least

from ocpi.errors import ServerError
from parties.lookup import GRACE_SECONDS
from parties.models import Platform
from parties.secrets import token_digest

GRACE = timedelta(seconds=GRACE_SECONDS)

NO_OTHERS: dict[str, Any] = {
    "token_in_previous_digest": "",
    "token_in_previous_until": None,
    "token_in_earlier_digest": "",
    "token_in_earlier_until": None,
}


def offer(platform: Platform, token: str, *, until: datetime) -> None:
    Platform.objects.filter(pk=platform.pk).update(
        token_in_previous_digest=token_digest(token),
        token_in_previous_until=until,
        token_in_earlier_digest=F("token_in_previous_digest"),
        token_in_earlier_until=F("token_in_previous_until"),
    )


def withdraw(platform: Platform, token: str) -> None:
    Platform.objects.filter(pk=platform.pk, token_in_previous_digest=token_digest(token)).update(
        token_in_previous_digest=F("token_in_earlier_digest"),
        token_in_previous_until=F("token_in_earlier_until"),
        token_in_earlier_digest="",
        token_in_earlier_until=None,
    )


def take_offered(platform: Platform, token: str, *, until: datetime | None) -> None:
    """The offered token comes into force; those before stay until `until`."""
    digest = token_digest(token)
    current = Platform.objects.select_for_update().get(pk=platform.pk)
    if current.token_in_previous_digest != digest:
        raise ServerError("the credentials have changed meanwhile: try again")
    others = NO_OTHERS
    if until is not None and current.state == Platform.State.REGISTERED:
        others = {
            "token_in_previous_digest": current.token_in_digest,
            "token_in_previous_until": until,
            "token_in_earlier_until": Least("token_in_earlier_until", Value(until)),
        }
    Platform.objects.filter(pk=platform.pk).update(token_in_digest=digest, **others)


def retire_previous(platform_id: int, *, now: datetime) -> bool:
    """The new token was used: the one before is void. An offer that waits for its answer is left alone."""
    return bool(
        Platform.objects.filter(pk=platform_id, token_in_previous_until__lte=now + GRACE)
        .exclude(token_in_previous_digest="")
        .update(**NO_OTHERS)
    )
