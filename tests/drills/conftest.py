"""Drills: what operators do on bad days and at upgrades, with real processes. Run by `make faults`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

Play = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def play() -> Iterator[Play]:
    """Partners live on a loop of their own, while hubs come and go in the test's thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(300)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()
