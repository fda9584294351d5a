from __future__ import annotations

import pytest
from django.test import Client

from tests.management.cast import make_staff


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_staff())
    return client
