from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.admin.every_page import store_rows
from tests.management.cast import make_staff


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_staff())
    return client


@pytest.fixture
def rows() -> dict[str, Any]:
    return store_rows()
