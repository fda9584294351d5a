"""The sides of a bill, by name. Plain Python."""

from __future__ import annotations

from enum import StrEnum


class Side(StrEnum):
    """Of a CDR: who sent it, who is billed by it, or the hub between them."""

    CPO = "cpo"
    EMSP = "emsp"
    HUB = "hub"

    @property
    def label(self) -> str:
        return {Side.CPO: "CPO", Side.EMSP: "eMSP", Side.HUB: "hub"}[self]
