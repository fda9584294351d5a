"""What the wire tests of all modules ask."""

from __future__ import annotations

from typing import Any

import pytest

from ocpi import wire
from tests.documents import as_json


def read(document: object, *, type: Any) -> Any:
    return wire.decode(as_json(document), type=type)


def refused_field(document: object, *, type: Any) -> str:
    """The field the refusal names; the slower pass must name it too."""
    raw = as_json(document)
    with pytest.raises(wire.WireError) as caught:
        wire.decode(raw, type=type)
    assert caught.value.field in [problem.field for problem in wire.problems(raw, type=type)]
    assert caught.value.field in caught.value.message
    return caught.value.field
