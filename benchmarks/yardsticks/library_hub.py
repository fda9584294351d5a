# mypy: ignore-errors
"""A public OCPI library as its readme shows it: it receives a session, checks it and keeps it in a dict; no relay.

`uvicorn benchmarks.yardsticks.library_hub:application`
"""

from __future__ import annotations

from py_ocpi import get_application
from py_ocpi.core.authentication.authenticator import Authenticator
from py_ocpi.core.enums import ModuleID, RoleEnum
from py_ocpi.modules.versions.enums import VersionNumber

from benchmarks.yardsticks.library_store import Memory

TOKEN = "token-of-DE-CPA"


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
