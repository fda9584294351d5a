from __future__ import annotations

from pathlib import Path

from cryptography.fernet import Fernet

from roaming_hub.stack import keys


class TestKeys:
    def test_are_made_once_and_kept_for_the_owner_only(self, tmp_path: Path):
        file = tmp_path / "secrets.env"

        first, made = keys.get_or_make(file, environ={})
        second, made_again = keys.get_or_make(file, environ={})

        assert made == list(keys.NAMES)
        assert made_again == []
        assert first == second
        assert file.stat().st_mode & 0o777 == 0o600
        Fernet(first["HUB_ENCRYPTION_KEYS"])

    def test_given_ones_are_neither_replaced_nor_written_down(self, tmp_path: Path):
        file = tmp_path / "secrets.env"

        missing, _ = keys.get_or_make(file, environ={"HUB_SECRET_KEY": "given"})

        assert list(missing) == ["HUB_ENCRYPTION_KEYS"]
        assert "given" not in file.read_text()
