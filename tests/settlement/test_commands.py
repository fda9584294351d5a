from __future__ import annotations

from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from settlement.due import settle
from tests.settlement.settled import NOW, get_references, store_ready

pytestmark = pytest.mark.django_db


class TestCommands:
    def test_settle_one_pair(self):
        store_ready("c1")
        store_ready("c2", token_owner="itmsp")
        out = StringIO()

        with time_machine.travel(NOW, tick=False):
            call_command("settle", "--pair", "NL*CPO", "FR*MSP", "--until", "2026-12-01T00:00:00Z", stdout=out)

        assert get_references() == ["NLCPO-FRMSP-NL-EUR-2026-11"]
        assert "1 lines, 4.20 + 0.88 VAT = 5.08 EUR\n1 statements closed." in out.getvalue()

    def test_verify_what_is_closed(self):
        store_ready("c1")
        settle(None, until=NOW, now=NOW)
        out = StringIO()

        call_command("verify_statements", stdout=out)

        assert "1 statements are to the byte what was closed." in out.getvalue()
        with pytest.raises(CommandError, match="no closed statement X"):
            call_command("verify_statements", "X")

    def test_import_rates(self, tmp_path):
        path = tmp_path / "rates.csv"
        path.write_text("Date,CHF\n2026-11-27,0.9317\n")
        out = StringIO()

        call_command("import_rates", "--file", str(path), stdout=out)

        assert out.getvalue() == "1 rates.\n"
        with pytest.raises(CommandError, match="nowhere"):
            call_command("import_rates", "--file", str(tmp_path / "nowhere"))
