"""Is this CDR sound, taken by itself? Plain Python; rules that look at other objects are elsewhere."""

from __future__ import annotations

from cdrs.control.bounds import Bounds
from cdrs.control.control import Thresholds, control
from cdrs.control.rules import LINKS, RULES

__all__ = ["LINKS", "RULES", "Bounds", "Thresholds", "control"]
