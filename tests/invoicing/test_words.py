from __future__ import annotations

import re

import pytest

from invoicing.document import Kind
from invoicing.languages import DEFAULT, LANGUAGES
from invoicing.words import WORDS, say


class TestWords:
    def test_are_there_for_every_language(self):
        assert tuple(WORDS) == LANGUAGES

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_are_the_same_in_every_language_with_the_same_gaps(self, language: str):
        words = WORDS[language]

        assert list(words) == list(WORDS[DEFAULT])  # in one order, so that a translator finds the place
        assert all(text.strip() for text in words.values())
        assert {key: _get_gaps(text) for key, text in words.items()} == {
            key: _get_gaps(text) for key, text in WORDS[DEFAULT].items()
        }

    def test_has_a_name_for_every_kind_of_invoice(self):
        assert {say(kind, language="de") for kind in Kind} == {
            "Rechnung",
            "Rechnungskorrektur",
            "Rechnung über Hub-Gebühren",
        }

    def test_says_it_in_english_where_the_language_is_not_known(self):
        assert say("invoice", language="sv") == "Invoice"

    def test_knows_no_word_that_is_not_there(self):
        with pytest.raises(KeyError):
            say("nonsense", language="en")


def _get_gaps(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))
