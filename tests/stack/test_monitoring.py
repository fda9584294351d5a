"""The files for Prometheus and Grafana name metrics that the hub has, with labels that they have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from management.gauges import Gauges
from telemetry.metrics import REGISTRY

PROJECT = Path(__file__).resolve().parents[2]
RULES = PROJECT / "deploy" / "prometheus" / "rules.yml"
DASHBOARD = PROJECT / "deploy" / "grafana" / "roaming-hub.json"


def get_rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def get_expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in get_rules())
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def get_names_in_source() -> set[str]:
    """What a scrape reads of the database exists only where there are rows, so it is taken from the source."""
    source = (PROJECT / "management" / "gauges.py").read_text()
    return set(re.findall(r'"(hub_\w+)"', source))


@pytest.fixture(scope="module")
def known() -> set[str]:
    counted = set()
    for family in REGISTRY.collect():
        ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        counted |= {family.name + end for end in ends}
    return counted | get_names_in_source()


class TestMetrics:
    def test_named_anywhere_exist(self, known: set[str]):
        named = {name for expression in get_expressions() for name in re.findall(r"\bhub_\w+", expression)}

        assert len(named) > 25
        assert named - known == set()

    def test_that_exist_are_used_or_explained(self, known: set[str]):
        """In the documentation every one is explained."""
        text = (PROJECT / "docs" / "operations.md").read_text()
        families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in known}

        assert {name for name in families if name not in text} == set()

    def test_of_the_database_come_with_a_scrape(self):
        assert hasattr(Gauges, "collect")
        assert {"hub_database_up", "hub_lane_events", "hub_platform_up"} <= get_names_in_source()


class TestRules:
    def test_each_has_what_an_operator_needs(self):
        rules = get_rules()

        assert len(rules) >= 20
        assert len({rule["alert"] for rule in rules}) == len(rules)
        for rule in rules:
            assert rule["labels"]["severity"] in ("alarm", "warning")
            assert rule["annotations"]["summary"]

    def test_brackets_are_closed(self):
        for expression in get_expressions():
            bare = re.sub(r'"[^"]*"', "", expression)
            for opening, closing in ("()", "[]", "{}"):
                assert bare.count(opening) == bare.count(closing), expression

    def test_labels_in_summaries_are_those_of_the_expression(self):
        """A label that is summed away would show as nothing."""
        for rule in get_rules():
            wanted = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) - {"instance"}
            kept = re.search(r"\bby \(([\w, ]+)\)", rule["expr"])
            if kept and wanted:
                assert wanted <= set(kept.group(1).replace(" ", "").split(",")), rule["alert"]

    def test_example_configuration_reads_them(self):
        config = yaml.safe_load((PROJECT / "deploy" / "prometheus" / "prometheus.yml").read_text())

        assert config["rule_files"] == [RULES.name]
        assert config["scrape_configs"][0]["job_name"] == "roaming-hub"
        compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
        for target in config["scrape_configs"][0]["static_configs"][0]["targets"]:
            assert target.split(":")[0] in compose["services"]


class TestDashboard:
    def test_panels_do_not_overlap(self):
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(DASHBOARD.read_text())["panels"]:
            at = panel["gridPos"]
            cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
            assert not cells & taken, panel["title"]
            assert at["x"] + at["w"] <= 24
            taken |= cells


class TestCompose:
    def test_processes_share_a_folder_for_their_figures(self):
        compose = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
        for name in ("edge", "web", "worker", "beat"):
            service = compose["services"][name]
            assert f"metrics:{service['environment']['HUB_METRICS_DIR']}" in service["volumes"]

    def test_the_world_gets_no_metrics_through_nginx(self):
        text = (PROJECT / "deploy" / "nginx.conf").read_text()

        assert re.search(r"location = /metrics \{\s+return 404;", text)
