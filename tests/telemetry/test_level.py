"""HUB_LOG_LEVEL: the stack sees in the log that worker and beat are ready, so these words pass every level."""

from __future__ import annotations

import pytest

from telemetry.logs import make_logging


class TestLevel:
    @pytest.mark.parametrize("logger", ["celery.apps.worker", "celery.beat"])
    def test_does_not_hide_that_a_process_is_ready(self, logger: str):
        assert make_logging(format="text", level="WARNING")["loggers"][logger]["level"] == "INFO"

    def test_is_that_of_everything_else(self):
        assert make_logging(format="text", level="WARNING")["root"]["level"] == "WARNING"
