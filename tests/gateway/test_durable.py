"""Nobody hears that something is done before it is durable: what cannot be stored is answered 3000 (decision 8)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from agreements.models import Agreement
from journal.models import Event
from journal.rows import Job, Written
from ocpi.errors import ServerError
from parties.models import Platform
from tests.conftest import Cast
from tests.documents import as_json, location_document
from tests.live.partner import get_code


@pytest.fixture
def logless(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The database takes no more rows of the call log; a job without any is stored."""
    writer = cast.hub.edge._hub.writer
    write = writer.write

    async def refuse_rows(job: Job) -> Written:
        if job.log is not None:
            raise ServerError("the database is too busy")
        written: Written = await write(job)
        return written

    monkeypatch.setattr(writer, "write", refuse_rows)
    return cast


def put(cast: Cast, *, to: str) -> requests.Response:
    return cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=as_json(location_document()), to=to)


def authorize(cast: Cast) -> requests.Response:
    return cast.cpo.call("POST", "tokens", "TOKEN1/authorize", interface="sender")


def read(cast: Cast) -> requests.Response:
    return cast.emsp.call("GET", "locations", interface="sender", to="NL*HUB")


class TestUnstored:
    @pytest.mark.parametrize(
        "call",
        [lambda cast: put(cast, to="NL*HUB"), lambda cast: put(cast, to="FR*MSP"), authorize, read],
        ids=["told to all", "relayed", "asked of all", "read"],
    )
    def test_is_not_answered_as_done(self, logless: Cast, call: Callable[[Cast], requests.Response]):
        assert get_code(call(logless)) == 3000

    def test_is_not_accepted_for_later(self, logless: Cast):  # decision 4
        Agreement.objects.update(delivery="store_and_forward")
        Platform.objects.filter(pk=logless.emsp.platform.pk).update(is_online=False)
        logless.hub.settle()

        assert get_code(put(logless, to="FR*MSP")) == 3000
        assert not Event.objects.exists()
