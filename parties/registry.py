"""The functional modules the hub speaks, from `settings.OCPI_MODULES`. Whoever needs one asks here, never by import."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string

from ocpi.errors import UnknownObject
from parties.owned_module import OwnedModule
from parties.routed_module import RoutedModule


@lru_cache
def get_modules() -> dict[str, RoutedModule]:
    """By OCPI id."""
    modules = [import_string(path)() for path in settings.OCPI_MODULES]
    found = {module.id: module for module in modules}
    assert len(found) == len(modules), "two modules of one id in OCPI_MODULES"
    return found


def find_owned_module(module_id: str) -> OwnedModule | None:
    """One that keeps its objects; None: the hub does not offer it."""
    module = get_modules().get(module_id)
    return module if isinstance(module, OwnedModule) else None


def get_module(module_id: str) -> RoutedModule:
    """
    Raises:
        UnknownObject: the hub does not offer it.
    """
    module = get_modules().get(module_id)
    if module is None:
        raise UnknownObject(f"the hub does not offer {module_id[:40]!r}")
    return module
