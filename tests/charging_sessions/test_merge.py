from __future__ import annotations

import pytest

from charging_sessions.module import Sessions
from ocpi.patch import PatchError

STORED = b'{"last_updated": "2026-11-20T10:00:00Z", "charging_periods": [1]}'


class TestMerge:
    @pytest.mark.parametrize("change", [b'{"charging_periods": "x"}', b'{"charging_periods": {}}'])
    def test_periods_that_are_no_list_are_named(self, change: bytes):
        with pytest.raises(PatchError, match="charging_periods"):
            Sessions().merge(STORED, change)
