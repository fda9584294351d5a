"""The secrets of a hub that was given none: made once, kept in the state folder, readable by its owner only."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path


def _make(name: str) -> str:
    if name == "HUB_ENCRYPTION_KEYS":
        return base64.urlsafe_b64encode(os.urandom(32)).decode()  # the form of a Fernet key
    return secrets.token_urlsafe(48)


NAMES = ("HUB_SECRET_KEY", "HUB_ENCRYPTION_KEYS")


def get_or_make(file: Path, *, environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The secrets missing from the environment, from the file or new; and the names of the new ones."""
    kept = _read(file)
    missing = [name for name in NAMES if not environ.get(name)]
    made = {name: _make(name) for name in missing if name not in kept}
    if made:
        _write(file, kept | made)
    return {name: (kept | made)[name] for name in missing}, list(made)


def _read(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)


def _write(file: Path, values: Mapping[str, str]) -> None:
    """Through a second file: half a key ring would lock the hub out of its own data."""
    making = file.with_name(f"{file.name}.making")
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as lines:
        lines.writelines(f"{name}={value}\n" for name, value in values.items())
        lines.flush()
        os.fsync(lines.fileno())
    making.rename(file)
