"""The set-based close and the pure functions give the same amounts, for random CDRs; two closers make one of each."""

from __future__ import annotations

import csv
import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from cdrs.models import Cdr
from settlement.models import Closing, Line, Statement, VatRate
from settlement.render import write_both
from settlement.seal import is_intact
from settlement.statement import ZERO, Claim, make_amounts, sum_up
from settlement.vat import Trader, judge_line, treat
from tests.reconciliation.stored import store_session
from tests.settlement.settled import (
    CONSUMER,
    IN_NOVEMBER,
    PROVIDER,
    close_month,
    make_domestic,
    store_company,
    store_credit_of,
    store_ready,
)


def read_csv(statement: Statement) -> Iterator[str]:
    return iter(b"".join(text for text, _ in write_both(statement)).decode().splitlines())


def store_random(chance: random.Random, *, count: int) -> None:
    for number in range(count):
        net = Decimal(chance.randrange(-50_0000, 900_0000)).scaleb(-4)
        rate = chance.choice([Decimal("1.21"), Decimal("1.06"), Decimal("1.20"), Decimal(1)])
        gross = chance.choice([None, (net * rate).quantize(Decimal("0.0001"))])
        cdr = store_ready(
            f"c{number}",
            total_cost=net,
            total_cost_incl=gross,
            total_energy=Decimal(chance.randrange(0, 90_000)).scaleb(-3),
            currency=chance.choice(["EUR", "JPY", "KWD"]),
            country=chance.choice(["NL", "BE", "JP"]),
            end_at=IN_NOVEMBER + timedelta(seconds=chance.randrange(86_400)),
        )
        if chance.random() < 0.1:
            store_credit_of(cdr, f"k{number}")


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_sql_and_python_make_the_same_lines(seed):
    buyer_number = ["", "FR40303265045"][seed % 2]
    if seed < 2:
        store_company(CONSUMER, vat_number=buyer_number)
    else:
        make_domestic()
    store_random(random.Random(seed), count=60)
    treatment = treat(seller=Trader("NL"), buyer=Trader("FR", buyer_number) if seed < 2 else Trader("NL"))

    statements = close_month()

    assert Line.objects.count() == Cdr.objects.count()
    for statement in statements:
        amounts = []
        rate = VatRate.objects.filter(country=statement.country).first()
        for line in statement.lines.select_related("cdr"):
            cdr = line.cdr
            claim = Claim(currency=cdr.currency, net=cdr.total_cost or ZERO, gross=cdr.total_cost_incl)
            made = make_amounts(claim, charges_vat=treatment.charges_vat)
            judged = judge_line(claim, treatment=treatment, standard=None if rate is None else rate.rate)
            assert (line.net, line.vat, line.gross) == (made.net, made.vat, made.gross), cdr.object_id
            assert (line.vat_category, line.vat_rate, line.is_vat_plausible) == (
                judged.category, judged.rate, judged.is_plausible,
            ), cdr.object_id  # fmt: skip
            amounts.append(made)
        total = sum_up(amounts)
        statement.refresh_from_db()
        assert (statement.net, statement.vat, statement.gross) == (total.net, total.vat, total.gross)
        assert statement.stated_vat == total.stated_vat
        assert sum(Decimal(row["net"]) for row in statement.vat_totals) == total.net
        assert sum(Decimal(row["vat"]) for row in statement.vat_totals) == total.vat
        assert is_intact(statement)


@pytest.mark.django_db
def test_a_month_and_its_credits_are_nothing():
    chance = random.Random(7)
    store_random(chance, count=40)
    credited = set(Cdr.objects.filter(is_credit=True).values_list("credit_reference_key", flat=True))
    for cdr in Cdr.objects.filter(is_credit=False).exclude(object_key__in=credited):
        store_credit_of(cdr, f"z{cdr.object_key}")

    statements = close_month()

    assert statements
    assert [(one.net, one.vat, one.gross, one.energy, one.session_count) for one in statements] == [
        (ZERO, ZERO, ZERO, ZERO, 0)
    ] * len(statements)


@pytest.mark.django_db(transaction=True)
class TestTwoClosers:
    def test_make_each_line_once(self):
        for number in range(50):
            store_ready(f"c{number}")
        made: list[list[Statement]] = []
        start = threading.Barrier(2)

        def close() -> None:
            start.wait(timeout=10)
            try:
                made.append(close_month())
            finally:
                connection.close()

        closers = [threading.Thread(target=close) for _ in range(2)]
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join(timeout=30)

        assert sorted(len(statements) for statements in made) == [0, 1]
        assert Closing.objects.filter(provider=PROVIDER).count() == 1
        assert Line.objects.count() == 50


@pytest.mark.django_db
class TestBytes:
    def test_are_these(self):
        """They are what sha256 sums of closed statements were taken of: they may not change."""
        make_domestic()
        store_ready("c1", total_cost=Decimal("0.505"), total_cost_incl=Decimal("0.6111"))
        store_ready("c2", country="NL", total_cost_incl=None, object_id='say "hi", =1')

        (statement,) = close_month()
        pairs = list(write_both(Statement.objects.get()))

        assert b"".join(one for one, _ in pairs).decode() == (
            "position,kind,corrects,cdr_id,session_id,credit,start,end,kwh,stated_excl_vat,stated_incl_vat,"
            "net,vat,gross,vat_category,vat_rate\n"
            "1,regular,,C1,s-c1,false,2026-11-20T10:00:00Z,2026-11-20T10:00:00Z,12.345,0.505,0.6111,"
            "0.51,0.10,0.61,S,21\n"
            '2,regular,,"say ""hi"", =1",s-c2,false,2026-11-20T10:00:00Z,2026-11-20T10:00:00Z,12.345,4.2,,'
            "4.20,0.00,4.20,E,0\n"
        )
        as_json = b"".join(other for _, other in pairs).decode()
        assert as_json.startswith('{"reference":"NLCPO-FRMSP-NL-EUR-2026-11","kind":"cdr","seller":"NL*CPO",')
        assert '"net":4.71,"vat":0.10,"gross":4.81,"stated_vat":0.10,' in as_json
        assert as_json.endswith(
            '{"position":2,"kind":"regular","corrects":null,"cdr_id":"say \\"hi\\", =1","session_id":"s-c2",'
            '"credit":false,"start":"2026-11-20T10:00:00Z","end":"2026-11-20T10:00:00Z","kwh":12.345,'
            '"stated_excl_vat":4.2,"stated_incl_vat":null,"net":4.20,"vat":0.00,"gross":4.20,'
            '"vat_category":"E","vat_rate":0}\n]}\n'
        )
        assert statement.csv_sha256

    def test_say_the_session_as_it_was_written_where_the_hub_holds_it(self):
        store_ready("c1", session_key="s-1a")
        store_ready("c2", session_key="s-2b")
        store_session("s-1a", object_id="S-1a", owner=PROVIDER)

        (statement,) = close_month()

        ids = [row["session_id"] for row in csv.DictReader(read_csv(statement))]
        assert ids == ["S-1a", "s-2b"]

    def test_hold_nothing_that_a_spreadsheet_would_run(self):
        store_ready("c1", object_id="=cmd|' /C calc'!A0", total_cost=Decimal("-4.20"))

        (statement,) = close_month()

        (row,) = csv.DictReader(read_csv(statement))
        assert (row["cdr_id"], row["net"]) == ("'=cmd|' /C calc'!A0", "-4.20")

    def test_of_what_was_closed_before_stay_as_they_were(self):
        store_ready("c1", object_id="=1", session_key="s-1a")
        (statement,) = close_month()
        statement.form = Statement.Form.PLAIN
        line = Line.objects.get()

        assert next(csv.DictReader(read_csv(statement)))["cdr_id"] == line.cdr_id_text == "=1"
