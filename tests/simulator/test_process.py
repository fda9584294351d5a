"""Platforms as processes of their own, and the control port."""

from __future__ import annotations

import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from simulator import process
from simulator.config import PlatformConfig
from simulator.errors import PeerError
from simulator.process import PlatformProcess
from tests.simulator.pair import CPO, CPO_CONFIG, EMSP_CONFIG

ROOT = Path(process.__file__).resolve().parent.parent


def command(file: Path) -> list[str]:
    return [sys.executable, "-m", "simulator", "--config", str(file), "--follow-stdin"]


class TestPlatformProcess:
    def test_registers_and_pushes_on_order(self, tmp_path: Path) -> None:
        cpo, emsp = (PlatformProcess(config, folder=tmp_path) for config in (CPO_CONFIG, EMSP_CONFIG))
        try:
            cpo.start()
            emsp.start()
            cpo.order("register", versions_url=emsp.versions_url, token_a=emsp.config.token_a)
            outcome = cpo.order("push", party=CPO, module="tariffs", to="FR*MSP")

            assert outcome == {"sent": 4, "refused": []}
            assert emsp.get_report()["received"] == {"FR*MSP": {"tariffs": 4}}
            assert len(emsp.get_messages(direction="in", module="tariffs", method="PUT")) == 4
            assert "authorization" not in str(emsp.get_messages()).lower()
        finally:
            cpo.stop()
            emsp.stop()

    def test_refuses_connections_while_it_is_away_but_obeys(self, tmp_path: Path) -> None:
        emsp = PlatformProcess(EMSP_CONFIG, folder=tmp_path)
        emsp.start()
        try:
            emsp.order("leave")
            with pytest.raises(requests.ConnectionError):
                requests.get(emsp.versions_url, timeout=5)
            assert emsp.get_report()["away"]

            emsp.order("come_back")
            assert requests.get(emsp.versions_url, timeout=5).status_code == 401
        finally:
            emsp.stop()

    def test_a_failure_at_the_peer_is_told(self, tmp_path: Path) -> None:
        cpo = PlatformProcess(CPO_CONFIG, folder=tmp_path)
        cpo.start()
        try:
            with pytest.raises(PeerError, match="no hub"):
                cpo.order("push", party=CPO, module="tariffs")
        finally:
            cpo.stop()

    def test_a_broken_configuration_says_why(self, tmp_path: Path) -> None:
        with pytest.raises(PeerError, match="did not start"):
            PlatformProcess(replace(CPO_CONFIG, host="256.0.0.1"), folder=tmp_path).start()

    def test_ends_when_its_parent_is_gone(self, tmp_path: Path) -> None:
        file = tmp_path / "emsp.json"
        EMSP_CONFIG.write(file)
        child = subprocess.Popen(command(file), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline()

        child.stdin.close()

        assert child.wait(timeout=10) == 0
        child.stdout.close()


class TestControl:
    def test_needs_the_key(self, tmp_path: Path) -> None:
        emsp = PlatformProcess(EMSP_CONFIG, folder=tmp_path)
        emsp.start()
        emsp.config = replace(EMSP_CONFIG, control_key="guessed")
        try:
            with pytest.raises(PeerError, match="wrong key"):
                emsp.get_report()
        finally:
            emsp.stop()


class TestPlatformConfig:
    def test_survives_its_file_which_only_its_owner_reads(self, tmp_path: Path) -> None:
        file = tmp_path / "cpo.json"

        CPO_CONFIG.write(file)

        assert PlatformConfig.of_file(file) == CPO_CONFIG
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
