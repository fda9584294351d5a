"""Is this CDR sound, taken by itself? Plain Python; rules that look at other objects are elsewhere."""

from __future__ import annotations

from cdrs.control.bounds import Bounds
from cdrs.control.control import Thresholds, control
from cdrs.control.rules import RULES

__all__ = ["RULES", "Bounds", "Thresholds", "control"]
