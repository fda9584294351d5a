"""Which rows there are, by the name that `make bench ROWS="…"` takes. Each is imported only when it is wanted.

A group is a function `(*, rounds: int) -> list[Row]`, named "module:function".
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from benchmarks.rows import Row

Group = Callable[..., list[Row]]

GROUPS: dict[str, str] = {
    "relay": "benchmarks.relay:measure",
    "waiting": "benchmarks.relay:measure_waiting",
    "profile": "benchmarks.profile:measure",
    "profile_delivery": "benchmarks.profile_delivery:measure",
    "isolation": "benchmarks.isolation:measure",
    "fanout": "benchmarks.fanout:measure",
    "broadcast": "benchmarks.broadcast:measure",
    "put": "benchmarks.put:measure",
    "pull": "benchmarks.pull:measure",
    "list": "benchmarks.listing:measure",
    "memory": "benchmarks.memory:measure",
    "reconcile": "benchmarks.reconcile:measure_rows",
    "rerate": "benchmarks.scale:measure_rerate",
    "closing": "benchmarks.closing:measure_rows",
}


class NotThere(Exception):
    """The group is named, but what it measures is not built yet."""


def load(name: str) -> Group:
    """
    Raises:
        NotThere: its module or function does not exist.
    """
    module, _, function = GROUPS[name].partition(":")
    try:
        group: Group = getattr(import_module(module), function)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise NotThere(f"there is no {module} yet") from error
    except AttributeError as error:
        raise NotThere(f"{module} has no {function} yet") from error
    return group
