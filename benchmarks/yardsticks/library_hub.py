# mypy: ignore-errors
"""A public OCPI library as its readme shows it: it receives a session, checks it and keeps it in a dict; no relay.

`uvicorn benchmarks.yardsticks.library_hub:application`
"""

from __future__ import annotations

from typing import Any

from py_ocpi import get_application
from py_ocpi.core.authentication.authenticator import Authenticator
from py_ocpi.core.crud import Crud
from py_ocpi.core.enums import ModuleID, RoleEnum
from py_ocpi.modules.versions.enums import VersionNumber

TOKEN = "token-of-DE-CPA"


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


class OneToken(Authenticator):
    @classmethod
    async def get_valid_token_c(cls) -> list[str]:
        return [TOKEN]

    @classmethod
    async def get_valid_token_a(cls) -> list[str]:
        return [TOKEN]


application = get_application(
    version_numbers=[VersionNumber.v_2_2_1],
    roles=[RoleEnum.emsp],
    modules=[ModuleID.sessions],
    authenticator=OneToken,
    crud=Memory,
)
