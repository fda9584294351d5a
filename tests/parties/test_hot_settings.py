from __future__ import annotations

import pytest
from django.test import override_settings

from parties.hot_settings import hot


class TestHot:
    def test_is_what_the_settings_are(self):
        with override_settings(HUB_MAX_CALLS=7):
            assert hot.HUB_MAX_CALLS == 7
            with override_settings(HUB_MAX_CALLS=8):
                assert hot.HUB_MAX_CALLS == 8
            assert hot.HUB_MAX_CALLS == 7

    def test_knows_no_other_names(self):
        with pytest.raises(AttributeError):
            getattr(hot, "HUB_NO_SUCH_SETTING")  # noqa: B009
