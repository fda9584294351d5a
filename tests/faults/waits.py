"""Waiting on the event loop for what a hub of real processes does, and changing its database behind its back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import psycopg2

from tests.faults.hubs import PATIENCE, FaultHub


async def wait_until(what: str, is_so: Callable[[], bool]) -> None:
    for _ in range(int(PATIENCE * 20)):
        if is_so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE:.0f} s")


async def wait_for_row(hub: FaultHub, what: str, sql: str) -> None:
    await asyncio.to_thread(hub.wait_until, what, lambda: hub.count(sql) > 0)


def execute(hub: FaultHub, sql: str) -> None:
    connection = psycopg2.connect(hub.stack.environ["DATABASE_URL"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
    finally:
        connection.close()
