from __future__ import annotations

import socket

import pytest

from roaming_hub.stack import preflight
from roaming_hub.stack.supervisor import StackFailed


def refuse(*arguments: object) -> None:
    raise PermissionError(13, "Permission denied")


class TestPreflight:
    def test_names_a_python_that_is_new_enough(self):
        assert preflight.check_python((3, 11)) is None
        assert "3.10 is too old" in str(preflight.check_python((3, 10)))

    def test_offers_own_servers_on_an_unknown_machine(self):
        assert preflight.check_machine("x86_64") is None
        assert "DATABASE_URL" in str(preflight.check_machine("riscv64"))

    @pytest.mark.parametrize(
        ("name", "version", "accepted"), [("glibc", "2.28", True), ("glibc", "2.9", False), ("", "", False)]
    )
    def test_compares_glibc_by_number(self, name, version, accepted, monkeypatch):
        monkeypatch.setattr("sys.platform", "linux")

        assert (preflight.check_libc(name, version=version) is None) is accepted

    def test_asks_a_user_without_passwd_entry_for_a_database(self):
        assert preflight.check_user(12345, known=True) is None
        message = str(preflight.check_user(12345, known=False))
        assert "12345" in message
        assert "DATABASE_URL" in message

    def test_names_a_taken_port_and_how_to_choose_another(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]

            message = str(preflight.check_port("127.0.0.1", port=port))

        assert f"Port {port}" in message
        assert f"HUB_PORT={port + 1}" in message
        assert "make up" not in message  # `make demo` asks, too
        assert preflight.check_port("127.0.0.1", port=port) is None

    def test_says_that_a_low_port_is_for_root(self, monkeypatch):
        monkeypatch.setattr("socket.socket.bind", refuse)

        message = str(preflight.check_port("127.0.0.1", port=80))

        assert "HUB_PORT=8600" in message
        assert "81" not in message

    def test_names_the_setting_when_the_address_is_not_this_machine_s(self):
        assert "HUB_HOST is 192.0.2.1" in str(preflight.check_port("192.0.2.1", port=8600))

    @pytest.mark.parametrize("value", ["", "abc", "0", "70000", "-1"])
    def test_names_a_number_that_is_none(self, value):
        with pytest.raises(StackFailed, match=f"HUB_PORT is “{value}”"):
            preflight.check({"HUB_PORT": value}, web=True)

    def test_does_not_ask_about_what_it_will_not_start(self, monkeypatch):
        monkeypatch.setattr(preflight, "_is_known", lambda uid: False)

        with pytest.raises(StackFailed, match="DATABASE_URL"):
            preflight.check({}, web=False)
        preflight.check({"DATABASE_URL": "postgres://elsewhere/hub"}, web=False)
