from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from journal.connection import connect
from journal.reader import Reader
from journal.writer import Writer
from tests.journal.things import CREATE

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def query(db: None) -> Iterator[Query]:
    """Asks the test database on a connection beside everything under test, and leaves empty tables behind."""
    connection = connect(name="hub test")
    connection.autocommit = True

    def ask(sql: str, params: Any = None) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall()) if cursor.description else []

    ask(CREATE)
    yield ask
    ask("TRUNCATE journal_event, journal_calllog, journal_alias, journal_test_thing")
    connection.close()


@pytest.fixture
def new_writer(query: Query) -> Iterator[Callable[..., Writer]]:
    writers: list[Writer] = []

    def start(**options: Any) -> Writer:
        writer = Writer(**options)
        writer.start()
        writers.append(writer)
        return writer

    yield start
    for writer in writers:
        writer.stop()


@pytest.fixture
def writer(new_writer: Callable[..., Writer]) -> Writer:
    return new_writer()


@pytest.fixture
def reader(query: Query) -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.stop()
