# mypy: ignore-errors
# Run by a Python of its own (py-ocpi.lock), which the checks of this project know nothing of.
"""The older of the public OCPI libraries, `py-ocpi`: it receives a session, checks it and keeps it in a dict; no relay.

It takes any token: to compare them is left to whoever uses it, and is not done here.
`uvicorn benchmarks.yardsticks.fast_library:application`
"""

from __future__ import annotations

from typing import Any

from py_ocpi import get_application
from py_ocpi.core.adapter import Adapter
from py_ocpi.core.enums import RoleEnum
from py_ocpi.modules.sessions.v_2_2_1.schemas import Session
from py_ocpi.modules.versions.enums import VersionNumber

from benchmarks.yardsticks.library_store import Memory


class AsTyped(Adapter):
    @classmethod
    def session_adapter(cls, data: Any, version: Any = None) -> Session:
        return Session(**data)


application = get_application([VersionNumber.v_2_2_1], [RoleEnum.emsp], Memory, AsTyped)
