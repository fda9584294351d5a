"""Django's settings for what is asked of every call: looked up once each, as `hot.HUB_MAX_CALLS`.

`django.conf.settings` passes three Python functions at each look, and a call takes eleven of them. Whoever changes
settings for a while (tests) is heard of, as Django's own parts hear of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.signals import setting_changed

if TYPE_CHECKING:
    from django.conf import LazySettings


class _Hot:
    def __getattr__(self, name: str) -> Any:
        """Asked only for what is not here yet."""
        value = self.__dict__[name] = getattr(settings, name)
        return value


def _forget(**changed: Any) -> None:
    _hot.__dict__.clear()


_hot = _Hot()
hot = cast("LazySettings", _hot)
setting_changed.connect(_forget)
