"""A pytest plugin (`-p tests.conformance.report --report=FILE`): what became of each row, as a page of Markdown."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.reasons import REASONS
from tests.conformance.rows import Row, get_row_id, get_rows

PASSED, FAILED, NOT_APPLICABLE, NOT_RUN = "passed", "**failed**", "not applicable", "not run"
MUTATIONS_MARK = "<!-- mutations: written by tests/conformance/mutate.py -->"
LEVELS = ("MUST", "SHOULD", "MAY", "DER")
NAMES = {
    "TRANS": "Transport",
    "ROUTE": "Message routing",
    "VERS": "Versions",
    "CRED": "Credentials and registration",
    "HCI": "HubClientInfo",
    "LOC": "Locations",
    "SESS": "Sessions",
    "CDR": "CDRs",
    "TAR": "Tariffs",
    "TOK": "Tokens",
    "CMD": "Commands",
    "CP": "Charging profiles",
}


@dataclass(frozen=True)
class Outcome:
    word: str
    why: str = ""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--report", metavar="FILE", help="write what became of each row of the conformance list")


def pytest_configure(config: pytest.Config) -> None:
    if path := config.getoption("--report"):
        config.pluginmanager.register(Reporter(Path(path)), "conformance-reporter")


class Reporter:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.outcomes = {row: Outcome(NOT_APPLICABLE, reason) for row, reason in REASONS.items()}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        row = get_row_id(report.nodeid.rsplit("::", 1)[1])
        if not row or self.outcomes.get(row, Outcome(PASSED)).word == FAILED:
            return
        if report.failed:
            self.outcomes[row] = Outcome(FAILED, _first_line(report))
        elif report.skipped:
            self.outcomes[row] = Outcome(NOT_APPLICABLE, _read_skip(report))
        elif report.when == "call":
            self.outcomes[row] = Outcome(PASSED)

    def pytest_sessionfinish(self) -> None:
        kept = self._path.read_text() if self._path.exists() else ""
        _, mark, mutations = kept.partition(MUTATIONS_MARK)
        text = write_page(get_rows(), self.outcomes, hub=os.environ.get("CONFORMANCE_HUB", ""))
        self._path.write_text(text + (mark + mutations if mark else ""))


def write_page(rows: list[Row], outcomes: dict[str, Outcome], *, hub: str) -> str:
    found = {row: outcomes.get(row.id, Outcome(NOT_RUN)) for row in rows}
    measured = f"The hub at {hub}" if hub else "This hub, started by the suite"
    lines = [
        "# Conformance with OCPI 2.2.1",
        "",
        f"{measured}, measured by `make conformance`: a black-box test per row",
        "([the suite](../tests/conformance/README.md)).",
        "MUST, SHOULD, MAY are the specification's; DER follows from a hub's position between two platforms.",
        "",
        *_write_totals(found),
    ]
    for group, name in NAMES.items():
        lines += ["", f"## {name}", "", "| row | level | outcome | why |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {row.id} | {row.level} | {outcome.word} | {outcome.why} |"
            for row, outcome in found.items()
            if row.group == group
        ]
    return "\n".join(lines) + "\n\n"


def _write_totals(found: dict[Row, Outcome]) -> list[str]:
    counted = Counter((row.level, outcome.word) for row, outcome in found.items())
    words = (PASSED, FAILED, NOT_APPLICABLE, NOT_RUN)
    lines = [f"| level | rows | {' | '.join(word.strip('*') for word in words)} |", "| --- " * 6 + "|"]
    for level in LEVELS:
        numbers = [counted[level, word] for word in words]
        lines.append(f"| {level} | {sum(numbers)} | {' | '.join(map(str, numbers))} |")
    totals = [sum(counted[level, word] for level in LEVELS) for word in words]
    return [*lines, f"| all | {sum(totals)} | {' | '.join(map(str, totals))} |"]


def _first_line(report: pytest.TestReport) -> str:
    crash: Any = getattr(report.longrepr, "reprcrash", None)
    message = crash.message if crash else str(report.longrepr)
    return _in_a_cell(message.splitlines()[0] if message else "")


def _read_skip(report: pytest.TestReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return _in_a_cell(reason.removeprefix("Skipped: ").removeprefix("not applicable: "))


def _in_a_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:200]
