from __future__ import annotations

import pytest

from parties.spelling import count, say_value


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("reverse_charge", "reverse charge"),
        ("session_without_cdr", "session without CDR"),
        ("per_kwh", "per kWh"),
        ("closed", "closed"),
    ],
)
def test_stored_words_are_said_as_people_say_them(stored, said):
    assert say_value(stored) == said


@pytest.mark.parametrize(("number", "said"), [(0, "0 lanes"), (1, "1 lane"), (2, "2 lanes")])
def test_one_thing_has_no_plural(number, said):
    assert count(number, "lane") == said
