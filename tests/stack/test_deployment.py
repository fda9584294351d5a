"""What can be said of the container files without a container engine: they name things that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).resolve().parents[2]
OF_THE_IMAGES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_INITDB_ARGS"}
COMMANDS = {"python", "uvicorn", "celery"}


def settings_explained() -> set[str]:
    """The variables of .env.example, set or commented out."""
    return set(re.findall(r"^#?([A-Z][A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((PROJECT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def locations() -> dict[str, str]:
    """nginx: path prefix → upstream."""
    text = (PROJECT / "deploy" / "nginx.conf").read_text()
    return dict(re.findall(r"location (\S+) \{\s+proxy_pass http://(\w+);", text))


class TestEnvironmentFile:
    def test_explains_every_variable_the_settings_read(self):
        text = (PROJECT / "roaming_hub" / "settings.py").read_text()
        read = set(re.findall(r"\benv(?:\.\w+)?\(\s*\"([A-Z_]+)\"", text))

        assert read
        assert read - settings_explained() == set()

    def test_explains_every_variable_the_stack_reads(self):
        text = "".join(file.read_text() for file in (PROJECT / "roaming_hub" / "stack").glob("*.py"))
        read = set(re.findall(r"environ(?:\.get\(|\[)\"(\w+)\"", text)) - {"PATH", "PYTHONUNBUFFERED", "DEMO_EXIT"}

        assert read
        assert read - settings_explained() == set()

    def test_holds_no_secret(self):
        text = (PROJECT / ".env.example").read_text()

        assert re.search(r"^HUB_SECRET_KEY=$", text, re.MULTILINE)
        assert re.search(r"^HUB_ENCRYPTION_KEYS=$", text, re.MULTILINE)
        assert re.search(r"^POSTGRES_PASSWORD=$", text, re.MULTILINE)


class TestCompose:
    def test_sets_and_asks_for_explained_variables_only(self, compose):
        text = (PROJECT / "docker-compose.yml").read_text()
        asked = set(re.findall(r"\$\{(\w+)", text))
        given = {name for service in compose["services"].values() for name in service.get("environment", {})}

        assert (asked | given) - settings_explained() - OF_THE_IMAGES == set()

    def test_runs_the_hub_by_modules_that_exist(self, compose):
        ours = [service["command"] for service in compose["services"].values() if service.get("build")]

        assert len(ours) == 7
        for command in ours:
            assert command[0] in COMMANDS
            modules = [word.split(":")[0] for word in command if word.startswith("roaming_hub")]
            assert modules or command[1] == "manage.py"
            for module in modules:
                file = PROJECT.joinpath(*module.split("."))
                assert file.with_suffix(".py").exists() or (file / "__init__.py").exists()

    def test_every_service_of_ours_waits_for_the_migrations(self, compose):
        for name in ("edge", "edge-2", "web", "worker", "pulls", "beat"):
            assert compose["services"][name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}

    def test_every_lasting_service_has_a_health_check(self, compose):
        without = [name for name, service in compose["services"].items() if "healthcheck" not in service]

        assert without == ["migrate"]

    @pytest.mark.parametrize(("name", "node"), [("worker", "celery"), ("pulls", "pulls")])
    def test_asks_a_worker_by_its_name_and_leaves_no_figures_behind(self, compose, name, node):
        _, asked = compose["services"][name]["healthcheck"]["test"]

        assert f" --destination {node}@$$(hostname) " in asked  # not every engine sets HOSTNAME here
        assert asked.startswith("HUB_METRICS_DIR= ")

    def test_publishes_nginx_only(self, compose):
        assert [name for name, service in compose["services"].items() if service.get("ports")] == ["nginx"]

    def test_https_is_demanded_and_only_the_own_network_believed(self, compose):
        environment = compose["services"]["edge"]["environment"]
        subnet = compose["networks"]["default"]["ipam"]["config"][0]["subnet"]

        assert environment["HUB_REQUIRE_HTTPS"] == "true"
        assert environment["HUB_TRUSTED_PROXIES"] == subnet


class TestImage:
    @pytest.mark.parametrize("file", [".dockerignore", ".gitignore"])
    def test_no_secret_gets_into_it_or_the_repository(self, file):
        left_out = {line.strip("/") for line in (PROJECT / file).read_text().split()}
        certificates = re.search(r"^#HUB_CERTIFICATES=\./(\S+)$", (PROJECT / ".env.example").read_text(), re.MULTILINE)

        assert certificates
        for secret in (".env", ".hub", certificates[1]):
            assert left_out & {secret, secret.split("/")[0]}


class TestNginx:
    def test_sends_ocpi_to_the_edge_and_the_rest_to_the_web_service(self, locations, compose):
        assert locations == {"/ocpi": "edge", "/": "web"}
        assert set(locations.values()) <= set(compose["services"])

    def test_replaces_what_a_caller_says_about_itself(self):
        text = (PROJECT / "deploy" / "nginx.conf").read_text()

        assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
        assert "proxy_set_header X-Forwarded-Proto $scheme;" in text

    def test_never_sends_a_post_or_patch_twice(self):
        text = re.sub(r"#.*", "", (PROJECT / "deploy" / "nginx.conf").read_text())
        conditions = re.findall(r"proxy_next_upstream\s+([^;]*);", text)

        assert conditions == ["error"]  # with `non_idempotent` it would

    def test_knows_every_edge(self, compose):
        text = (PROJECT / "deploy" / "nginx.conf").read_text()
        edges = {name for name in compose["services"] if name.split("-")[0] == "edge"}

        assert set(re.findall(r"server (edge[\w-]*):8600", text)) == edges
        assert len(edges) == 2

    def test_finds_a_container_that_took_the_place_of_another(self):
        text = re.sub(r"#.*", "", (PROJECT / "deploy" / "nginx.conf").read_text())
        servers = re.findall(r"\bserver ([^{;]+);", text)
        upstreams = re.findall(r"upstream (\w+) \{\s+zone \1 ", text)

        assert re.search(r"resolver 127\.0\.0\.11 valid=\ds", text)
        assert [server for server in servers if "resolve" not in server.split()] == []
        assert upstreams == ["edge", "web"]  # without a zone of memory nginx cannot ask again

    def test_closes_what_it_opens(self):
        text = re.sub(r"#.*", "", (PROJECT / "deploy" / "nginx.conf").read_text())

        assert text.count("{") == text.count("}")
