from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from ocpi.errors import NotJson
from ocpi.kept import Kept, keep, read_cdr
from ocpi.raw import read_exactly
from tests.documents import cdr_document

PLACE = {"id": "LOC1", "address": "Stationsplein 1" * 9, "coordinates": {"latitude": "52.089444"}}
TARIFFS = [{"id": id, "elements": [{"price_components": [{"type": "ENERGY", "price": 0.31}] * 3}]} for id in "AB"]


def write(**fields: Any) -> str:
    return json.dumps({"id": "C1", "tariffs": TARIFFS, "cdr_location": PLACE, "total_energy": 1.5} | fields)


def test_shares_tariffs_and_place_with_other_cdrs():
    first, other = read_cdr(write()), read_cdr(write(id="C2"))

    assert (first["id"], other["id"]) == ("C1", "C2")
    assert first["tariffs"] is other["tariffs"]
    assert first["cdr_location"] is other["cdr_location"]
    assert json.loads(other["tariffs"][1].text) == TARIFFS[1]


def test_shares_nothing_of_another_text():
    assert read_cdr(write())["tariffs"][0]["id"] == "A"
    assert read_cdr(write(tariffs=TARIFFS[1:]))["tariffs"][0]["id"] == "B"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(cdr_document(), default=float),
        json.dumps(cdr_document(), default=float, indent=2),
        write(),
        write(remark="é\n\\u0022 " * 20),
        write(tariffs=None, cdr_location="x" * 200),
        write(tariffs=[1, "a", None, *TARIFFS]),
        write(extra={"tariffs": TARIFFS}),
        write(remark="tariffs", tags=["tariffs", "cdr_location"]),
        write().replace('"tariffs"', '"\\u0074ariffs"'),
        '{"tariffs": [1], ' + write()[1:],
        '{"tariffs": ' + json.dumps(TARIFFS) + ", " + write()[1:],
        "[1]",
        '"text"',
    ],
)
def test_reads_what_reading_all_of_it_reads(text):
    assert read_cdr(text) == read_exactly(text)
    assert list(read_cdr(text)) == list(read_exactly(text))


def test_keeps_numbers_exact():
    price = read_cdr(write())["tariffs"][0]["elements"][0]["price_components"][0]["price"]

    assert (price, price.__class__) == (Decimal("0.31"), Decimal)


def test_leaves_short_ones_alone():
    assert not isinstance(read_cdr(write(cdr_location={"id": "L"}))["cdr_location"], Kept)


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"tariffs": [}', write(tariffs=[TARIFFS, "1E"]).replace('"1E"', "1E9999999999999999999"), '{"a": 1E}'],
)
def test_refuses_what_is_not_json(text):
    with pytest.raises(NotJson):
        read_cdr(text)


class TestKeep:
    def read_all(self, texts: list[str], *, most: int) -> list[str]:
        """Which of them are read, in that order."""
        read: list[str] = []
        kept = keep(lambda text: read.append(text), most=most)
        for text in texts:
            kept(text)
        return [text.strip() for text in read]

    def test_reads_a_text_once(self):
        assert self.read_all(["a", "b", "a", "b"], most=2) == ["a", "b"]

    def test_remembers_so_many(self):
        assert self.read_all(["a", "b", "c", "a"], most=2) == ["a", "b", "c", "a"]

    def test_remembers_few_that_are_long_beside_the_others(self):
        """Each may be as long as a body, and takes many times that in memory."""
        long = [name.ljust(50_001) for name in "vwxyz"]

        assert self.read_all(["a", *long, *long[1:], long[0], "a"], most=100) == [*"avwxyz", "v"]


def test_shares_few_long_tariffs():
    texts = [write(tariffs=[{"id": f"{number}" * 60_000}]) for number in range(6)]
    first = read_cdr(texts[0])["tariffs"]

    for text in texts[1:]:
        read_cdr(text)

    assert read_cdr(texts[0])["tariffs"] is not first
