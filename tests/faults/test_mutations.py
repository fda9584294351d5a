"""The list of protections that mutate.py takes out: it must fit the code as it is now."""

from __future__ import annotations

from pathlib import Path

from tests.faults.mutations import MUTATIONS

HERE = Path(__file__).parent


class TestMutations:
    def test_the_text_to_take_out_is_there_exactly_once(self) -> None:
        counts = {one.name: (HERE.parents[1] / one.file).read_text().count(one.old) for one in MUTATIONS}

        assert {name: count for name, count in counts.items() if count != 1} == {}

    def test_each_names_a_test_that_is_there(self) -> None:
        for one in MUTATIONS:
            file, *names = one.test.split("::")
            text = (HERE / file).read_text()

            assert [name for name in names if f"class {name}:" not in text and f"def {name}(" not in text] == []
