from __future__ import annotations

import pytest
from django.utils.timezone import now

from agreements.models import Agreement
from parties import presence
from tests.conftest import Cast


@pytest.fixture
def promised(cast: Cast) -> Cast:
    """All that is pushed is promised to be delivered; the eMSP is away."""
    Agreement.objects.update(delivery="store_and_forward")
    presence.set_offline(cast.emsp.platform.pk, now=now())
    cast.hub.settle()
    return cast
