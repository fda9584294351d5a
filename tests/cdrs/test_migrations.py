from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


class TestBigIndexes:
    @pytest.mark.parametrize(("migration", "index"), [("0011", "cdr_by_session"), ("0020", "cdr_pair_end")])
    def test_are_kept_where_they_were_built_beforehand(self, migration: str, index: str):
        out = StringIO()

        call_command("sqlmigrate", "cdrs", migration, stdout=out)

        assert f"CREATE INDEX IF NOT EXISTS {index} ON" in out.getvalue()
