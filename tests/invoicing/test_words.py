from __future__ import annotations

import re

import pytest

from invoicing.document import Kind
from invoicing.languages import LANGUAGES
from invoicing.words import WORDS, say


class TestWords:
    @pytest.mark.parametrize("key", sorted(WORDS))
    def test_has_each_in_every_language_with_the_same_gaps(self, key: str):
        texts = WORDS[key]

        gaps = {language: set(re.findall(r"{(\w+)}", text)) for language, text in texts.items()}

        assert set(texts) == set(LANGUAGES)
        assert all(text.strip() for text in texts.values())
        assert len({frozenset(found) for found in gaps.values()}) == 1, gaps

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
