"""Rows without a test, and why. Everything else has exactly one: test_rows.py counts."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "TRANS-49": "a permission: there is nothing a hub could do wrong",
    "VERS-07": "about a hub that offers 2.1.1; this one offers 2.2.1 only",
    "HCI-08": "optional, and not offered: the hub tells changes and does not read its partners' copies",
}
