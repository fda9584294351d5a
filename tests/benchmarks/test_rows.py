"""The benchmarks' own arithmetic. Nothing is measured here."""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks import cpu, groups, report
from benchmarks.cores import ALL
from benchmarks.machine import Machine
from benchmarks.memory import get_growth
from benchmarks.profile import OWNERS
from benchmarks.rows import Row, take_turns
from benchmarks.samples import OTHER, get_owner

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FAST = Machine("a fast one", 0.1)


class TestRow:
    def test_is_met_at_its_target(self):
        assert Row(name="n", target=2, measured=2).met
        assert Row(name="n", target=2, measured=2, at_most=True).met

    def test_is_missed_beyond_it(self):
        assert not Row(name="n", target=2, measured=1.99).met
        assert not Row(name="n", target=2, measured=2.01, at_most=True).met


class TestNeed:
    def test_is_that_of_the_whole_hub(self):
        costs = {"web": 400.0, "postgres": 200.0, cpu.KERNEL: 50.0}

        assert f"the target, 5,000/s, would take 3.0 of {len(ALL)} cores" == cpu.write_need(costs, rate=5000)


class TestTakeTurns:
    def test_gives_medians_and_alternates(self):
        order = []

        def work(name, figures):
            order.append(name)
            return figures.pop()

        hub, other = [3.0, 9.0, 1.0], [2.0, 2.0, 2.0]
        found = take_turns({"hub": lambda: work("hub", hub), "other": lambda: work("other", other)}, rounds=3)

        assert found == {"hub": 3.0, "other": 2.0}
        assert order == ["hub", "other"] * 3


class TestKeep:
    @pytest.fixture(autouse=True)
    def _elsewhere(self, tmp_path: Path, monkeypatch):
        monkeypatch.setattr(report, "JSON", tmp_path / "benchmarks.json")
        monkeypatch.setattr(report, "PAGE", tmp_path / "benchmarks.md")

    def test_replaces_the_rows_of_the_group_alone(self):
        _keep("put", Row(name="a put", target=1, measured=2))
        _keep("relay", Row(name="a relay", target=1, measured=2), Row(name="gone", target=1, measured=2))
        _keep("relay", Row(name="a relay", target=1, measured=3))

        rows = json.loads(report.JSON.read_text())
        assert [(row["name"], row["measured"]) for row in rows] == [("a relay", 3), ("a put", 2)]
        assert {"name", "target", "measured", "met"} <= set(rows[0])

    def test_a_page_says_plainly_what_is_missed(self):
        _keep("put", Row(name="a put", target=4, measured=2.5))

        report.write_page(versions=["two engines"], now=NOW)

        page = report.PAGE.read_text()
        assert "| **MISSED** | a put | ≥ 4 × | 2.5 × |" in page
        assert "- a put: 2.5 ×, where at least 4 × was wanted." in page
        assert "- a fast one, which fills a dictionary a million times in 0.10 s\n- two engines" in page

    def test_a_page_tells_rows_of_different_machines_apart(self):
        _keep("put", Row(name="a put", target=1, measured=2), machine=Machine("a slow one", 0.2))
        _keep("relay", Row(name="a relay", target=1, measured=2), now=NOW + timedelta(days=1))
        _keep("pull", Row(name="a pull", target=1, measured=2), machine=Machine("a slow one", 0.3))

        report.write_page(versions=[], now=NOW)

        page = report.PAGE.read_text()
        assert "- machine A: a fast one, which fills a dictionary a million times in 0.10 s" in page
        assert "- machine B: a slow one, which fills a dictionary a million times in 0.20 to 0.30 s" in page
        assert "| 2026-01-03T00:00Z, 0.1, A |" in page
        assert page.count("| 2026-01-02T00:00Z, 0.1, B |") == 2


class TestGroups:
    @pytest.mark.parametrize("name", groups.GROUPS)
    def test_every_one_is_built_and_takes_rounds(self, name):
        assert "rounds" in inspect.signature(groups.load(name)).parameters

    def test_a_group_whose_module_is_not_built_says_so(self, monkeypatch):
        monkeypatch.setitem(groups.GROUPS, "later", "benchmarks.not_built:measure")

        with pytest.raises(groups.NotThere):
            groups.load("later")


class TestGetOwner:
    def test_is_the_innermost_that_belongs_to_somebody(self):
        stack = (
            "run (/p/site-packages/uvicorn/server.py:1)",
            "put (/w/journal/writer.py:9)",
            "wait (/usr/threading.py:3)",
        )

        assert get_owner(stack, OWNERS) == "asyncio, uvloop, threads"
        assert get_owner(stack[:2], OWNERS) == "journal: writer, batches, SQL"
        assert get_owner(("x (/elsewhere.py:1)",), OWNERS) == OTHER


def _keep(group: str, *rows: Row, machine: Machine = FAST, now: datetime = NOW) -> None:
    report.keep(group, rows, machine=machine, now=now, load=0.1, rounds=5)


class TestGrowth:
    def test_is_that_of_the_second_half(self):
        warm_up = [(1000, 100.0), (2000, 150.0)]

        assert get_growth([*warm_up, (3000, 151.0), (4000, 152.0)]) == pytest.approx(0.001)

    def test_one_odd_look_does_not_count(self):
        still = [(calls, 150.0) for calls in range(1000, 9000, 1000)]

        assert get_growth([*still, (9000, 160.0)]) == 0
