"""How often a partner token may call /api/partner/: so many times in a minute of the clock, over all web processes."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

import redis
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from management.models import PartnerToken
from parties.limits.rate import Buckets

if TYPE_CHECKING:
    from rest_framework.views import APIView

logger = logging.getLogger(__name__)

MINUTE = 60
_alone = Buckets()  # while Redis is away each process counts for itself


class TooManyCalls(Throttled):
    def __init__(self, *, limit: int, wait: float) -> None:
        super().__init__(wait=wait)
        self.detail = f"More than {limit} calls with this token within a minute."  # type: ignore[assignment]
        self.what_to_do = (
            f"Wait {math.ceil(wait)} s (Retry-After), then go on. A call brings up to 1000 rows with page_size=1000, "
            "and all of them with format=csv; staff can raise the limit."
        )


class PartnerThrottle(BaseThrottle):
    """Counted in the shared cache, so it does not matter which process answers."""

    _wait = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        token, limit = request.auth, settings.HUB_PARTNER_RATE
        if limit <= 0 or not isinstance(token, PartnerToken):
            return True
        moment = timezone.now().timestamp()
        self._wait = _count(token.pk, limit=limit, moment=moment)
        return self._wait == 0

    def wait(self) -> float:
        return self._wait


def _count(token: int, *, limit: int, moment: float) -> float:
    """0.0: go on. Else the seconds until the minute is over."""
    minute, second = divmod(moment, MINUTE)
    key = f"partner-calls:{token}:{int(minute)}"
    try:
        cache.add(key, 0, timeout=2 * MINUTE)
        calls = cache.incr(key)
    except redis.RedisError as error:
        logger.warning("partner calls are counted per process until Redis is back: %s", type(error).__name__)
        return _alone.take(token, rate=limit / MINUTE, burst=limit)
    except ValueError:  # Redis was emptied in between
        return 0.0
    return 0.0 if calls <= limit else MINUTE - second
