"""Statements that are planned once per drain, and what becomes of them behind a pooler."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from forwarding import lanes
from forwarding.threads import Thread
from journal.rows import SUBLANES

pytestmark = pytest.mark.usefixtures("hub")

NO_EVENTS = dict.fromkeys(range(SUBLANES), 0)


def run(*work: Callable[[Any], Any]) -> list[Any]:
    """One transaction each, on one connection."""

    async def go() -> list[Any]:
        thread = Thread("hub test")
        try:
            return [await thread.run(one) for one in work]
        finally:
            await thread.close()

    return asyncio.run(go())


def count_prepared(cursor: Any) -> int:
    cursor.execute("SELECT count(*) FROM pg_prepared_statements")
    return int(cursor.fetchone()[0])


def forget_all(cursor: Any) -> None:
    cursor.execute("DEALLOCATE ALL")


class TestStatementsOfLanes:
    def test_are_planned_once(self):
        assert run(lanes.get_tails, lanes.get_tails, count_prepared) == [NO_EVENTS, NO_EVENTS, 1]

    def test_are_said_in_full_where_a_pooler_gave_the_connection_another_server(self):
        found = run(lanes.get_tails, forget_all, lanes.get_tails, lanes.get_tails, count_prepared)

        assert found == [NO_EVENTS, None, NO_EVENTS, NO_EVENTS, 0]
