from __future__ import annotations

import logging

import psycopg2
import pytest
import redis
from celery.beat import SchedulingError
from django.core.exceptions import DisallowedHost
from django.db import DatabaseError, OperationalError

from roaming_hub.celery import app
from telemetry.logs import make_formatter
from telemetry.outages import is_outage


class Coded(psycopg2.OperationalError):
    """`pgcode` is the server's to set."""

    pgcode = ""

    def __init__(self, code: str) -> None:
        super().__init__(f"said {code}")
        self.pgcode = code


def caused(error: Exception, *, by: Exception) -> Exception:
    try:
        raise error from by
    except Exception as raised:
        return raised


def handle(error: Exception, then: Exception) -> None:
    """Raise `then` as who does not say from what."""
    try:
        raise error
    except Exception:
        raise then  # noqa: B904


def write(message: str, error: Exception) -> str:
    record = logging.LogRecord("celery.app.trace", logging.ERROR, "", 0, message, (), (type(error), error, None))
    return make_formatter("text").format(record)


class TestIsOutage:
    @pytest.mark.parametrize("code", ["08006", "53100", "53300", "57P01", "57P03"])
    def test_knows_the_codes_of_a_server_that_cannot(self, code: str):
        assert is_outage(caused(OperationalError("said"), by=Coded(code)))

    @pytest.mark.parametrize("code", ["57014", "40P01", "55P03"])  # too long, deadlock, locked: ours to look at
    def test_leaves_the_others_to_us(self, code: str):
        assert not is_outage(caused(OperationalError("said"), by=Coded(code)))

    def test_believes_no_code_when_there_was_no_server(self):
        assert is_outage(psycopg2.OperationalError("connection refused"))

    def test_sees_through_what_celery_makes_of_it(self):
        assert is_outage(caused(RuntimeError("kombu"), by=redis.ConnectionError("refused")))

        with pytest.raises(SchedulingError) as raised:
            handle(redis.TimeoutError("too late"), SchedulingError("Couldn't apply scheduled task"))

        assert is_outage(raised.value)

    def test_a_fault_while_an_outage_was_handled_stays_a_fault(self):
        with pytest.raises(KeyError) as raised:
            handle(redis.ConnectionError("refused"), KeyError("ours"))

        assert not is_outage(raised.value)


class TestShorten:
    def test_an_outage_is_one_line(self):
        error = caused(OperationalError("connection refused\nIs the server running?"), by=psycopg2.OperationalError())

        told = write("Task drain_lanes failed\n['File beat.py']", error)

        assert told.splitlines() == [told]
        assert "Task drain_lanes failed: connection refused" in told

    def test_a_call_that_django_refuses_is_one_line(self):
        error = caused(DisallowedHost("Invalid HTTP_HOST header: 'x.example'."), by=KeyError())

        told = write("Invalid HTTP_HOST header: 'x.example'. You may need to add 'x.example' to ALLOWED_HOSTS.", error)

        assert told.splitlines() == [told]
        assert told.count("Invalid HTTP_HOST header") == 1

    def test_a_fault_keeps_its_traceback(self):
        assert "DatabaseError: ours" in write("Task drain_lanes failed", DatabaseError("ours"))


class TestWorkers:
    def test_do_not_give_up_on_redis(self):
        assert app.conf.broker_connection_max_retries is None
