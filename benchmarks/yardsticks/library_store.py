# mypy: ignore-errors
# Run by the Pythons of the yardsticks, which the checks of this project know nothing of.
"""What both OCPI libraries are given for a store: a dict."""

from __future__ import annotations

from typing import Any

from py_ocpi.core.crud import Crud


class Memory(Crud):
    kept: dict[str, Any] = {}

    @classmethod
    async def get(cls, module: Any, role: Any, id: Any, *args: Any, **kwargs: Any) -> Any:
        return cls.kept.get(id)

    @classmethod
    async def create(cls, module: Any, role: Any, data: Any, *args: Any, **kwargs: Any) -> Any:
        cls.kept[data["id"]] = data
        return data

    @classmethod
    async def update(cls, module: Any, role: Any, data: Any, id: Any, *args: Any, **kwargs: Any) -> Any:
        cls.kept[id] = data
        return data
