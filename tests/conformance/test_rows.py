"""The suite itself: every row has exactly one test or one written reason."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from tests.conformance.mutations import MUTATIONS
from tests.conformance.reasons import REASONS
from tests.conformance.rows import get_row_id, get_rows

HERE = Path(__file__).parent
ROWS = {row.id: row for row in get_rows()}


def find_tests() -> list[ast.FunctionDef]:
    files = sorted(HERE.glob("test_*.py"))
    functions = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    return [node for node in functions if isinstance(node, ast.FunctionDef) and get_row_id(node.name)]


class TestRows:
    def test_there_are_266_of_them(self) -> None:
        assert len(ROWS) == 266

    def test_each_has_one_test_or_one_reason(self) -> None:
        counted = Counter(get_row_id(test.name) for test in find_tests()) + Counter(list(REASONS))

        assert {id: counted[id] for id in ROWS if counted[id] != 1} == {}
        assert set(counted) <= set(ROWS)

    def test_no_test_asserts_nothing(self) -> None:
        def proves(node: ast.AST) -> bool:
            if isinstance(node, ast.Assert):
                return True
            if not isinstance(node, ast.Call):
                return False
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            return name.startswith(("wait_for", "expect_", "assert_", "check_"))

        silent = [test.name for test in find_tests() if not any(proves(node) for node in ast.walk(test))]
        assert silent == []

    def test_a_reason_is_a_sentence(self) -> None:
        assert [id for id, reason in REASONS.items() if len(reason) < 30] == []


class TestMutations:
    def test_each_is_of_a_row_with_a_test(self) -> None:
        tested = {get_row_id(test.name) for test in find_tests()}

        assert [mutation.row for mutation in MUTATIONS if mutation.row not in tested] == []

    def test_the_text_to_take_out_is_there_exactly_once(self) -> None:
        project = HERE.parents[1]
        counts = {m: (project / m.file).read_text().count(m.old) for m in MUTATIONS}

        assert [(m.row, m.file, count) for m, count in counts.items() if count != 1] == []

    def test_there_are_forty_over_all_groups(self) -> None:
        assert len({mutation.row for mutation in MUTATIONS}) >= 40
        assert {ROWS[mutation.row].group for mutation in MUTATIONS} == {row.group for row in ROWS.values()}
