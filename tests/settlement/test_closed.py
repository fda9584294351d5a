"""What is closed never changes: the database refuses it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError

from cdrs.models import Cdr
from settlement.models import Line, Statement
from settlement.seal import is_intact
from tests.settlement.settled import close_month, make_domestic, store_ready

pytestmark = pytest.mark.django_db


def test_drafts_alone_may_be_emptied():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL hub.may_truncate = ''")
        cursor.execute("TRUNCATE settlement_statement CASCADE")


class TestClosed:
    @pytest.fixture(autouse=True)
    def _closed(self):
        store_ready("c1")
        self.statement = close_month()[0]

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE settlement_statement SET due_on = '2030-01-01'",
            "UPDATE settlement_statement SET state = 'draft'",
            "DELETE FROM settlement_statement",
            "UPDATE settlement_line SET net = 1, gross = 1 + vat",
            "UPDATE settlement_line SET statement_id = -1",
            "DELETE FROM settlement_line",
        ],
    )
    def test_refuses_every_change(self, sql):
        with pytest.raises((IntegrityError, InternalError), match="closed"), transaction.atomic():
            connection.cursor().execute(sql)

    @pytest.mark.parametrize(
        "tables", ["settlement_line", "settlement_statement", "settlement_feeline", "settlement_closing", "cdrs_cdr"]
    )
    def test_is_not_emptied(self, tables):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET LOCAL hub.may_truncate = ''")

        with pytest.raises(IntegrityError, match="cannot be emptied"), transaction.atomic():
            connection.cursor().execute(f"TRUNCATE {tables} CASCADE")

        assert Line.objects.exists()

    def test_takes_no_more_lines(self):
        line = Line.objects.get()
        line.pk, line.position, line.cdr = None, 2, store_ready("c2")

        with pytest.raises(IntegrityError, match="takes no more lines"), transaction.atomic():
            line.save()

    def test_is_the_same_to_the_byte_whatever_happens_to_the_rest(self):
        Cdr.objects.update(total_cost=Decimal("99"), object_id="other", country="XX")
        make_domestic()

        assert is_intact(Statement.objects.get())

    def test_a_cdr_is_in_one_line_only(self):
        line = Line.objects.get()
        other = Statement.objects.create(
            **{
                field.name: getattr(self.statement, field.name)
                for field in Statement._meta.concrete_fields
                if field.name not in ("id", "reference", "state", "country")
            },
            country="BE",
        )
        line.pk, line.statement = None, other

        with pytest.raises(IntegrityError, match="cdr_id"), transaction.atomic():
            line.save()
