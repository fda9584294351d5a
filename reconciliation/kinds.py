"""Every kind a finding can be of: what comparing finds, and the rules of CDR control by their ids."""

from __future__ import annotations

from typing import Final

from cdrs.control import LINKS, RULES
from parties.spelling import say_value
from reconciliation.checks import Kind

# What comparing finds is not raised a second time under the same name.
CONTROL_KINDS: Final = tuple(sorted((RULES.keys() | LINKS.keys()) - set(Kind)))


def get_kinds() -> list[tuple[str, str]]:
    """For `choices`: a new rule needs no migration."""
    return [(kind, say_value(kind)) for kind in (*(kind.value for kind in Kind), *CONTROL_KINDS)]
