"""HubClientInfo's pushes: whoever changed something need not know of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from forwarding.announce import Settled, announce
from forwarding.models import Announced
from journal.models import Event
from journal.writer import Writer
from ocpi.calls import Role
from parties import presence
from parties.models import Platform
from tests.forwarding.cast import (
    CPO,
    EMSP,
    LONG_AGO,
    NOW,
    OTHER_EMSP,
    Clock,
    agree,
    get_paths,
    make_platform,
    run_drain,
)
from tests.parties.http_peer import HttpPeer

pytestmark = pytest.mark.usefixtures("hub")


@pytest.fixture
def writer() -> Iterator[Writer]:
    writer = Writer()
    yield writer
    writer.stop()


@pytest.fixture
def cpo(hub: None) -> Platform:
    return make_platform(CPO, Role.CPO)


@pytest.fixture
def emsp(hub: None) -> Platform:
    return make_platform(EMSP, Role.EMSP)


def announced(writer: Writer, *, now=NOW) -> list[tuple[int, str, str]]:
    """What is newly told: platform, path, status."""
    before = Event.objects.count()
    announce(writer=writer, settled=Settled(), now=now)
    new = Event.objects.order_by("id")[before:]
    return sorted((int(e.object_key.split(":")[1]), e.path, json.loads(e.body)["status"]) for e in new)


class TestAnnounce:
    def test_partners_learn_of_each_other_once(self, cpo, emsp, writer):
        agree(CPO, EMSP)

        assert announced(writer) == [(cpo.pk, "FR/MSP", "CONNECTED"), (emsp.pk, "NL/CPO", "CONNECTED")]
        assert announced(writer) == []

    def test_strangers_learn_nothing(self, cpo, emsp, writer):
        agree(CPO, EMSP)
        stranger = make_platform(OTHER_EMSP, Role.EMSP)

        assert stranger.pk not in {platform for platform, _, _ in announced(writer)}  # HCI-04

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            (lambda cpo: presence.set_offline(cpo.pk, now=NOW), "OFFLINE"),
            (lambda cpo: cpo.suspend(now=NOW), "SUSPENDED"),
            (lambda cpo: cpo.parties.update(is_active=False, changed_at=NOW), "SUSPENDED"),
            (lambda cpo: cpo.parties.all().delete(), "SUSPENDED"),
        ],
    )
    def test_every_change_of_status_is_told(self, cpo, emsp, writer, change, status):
        agree(CPO, EMSP)
        announced(writer)

        change(cpo)

        assert (emsp.pk, "NL/CPO", status) in announced(writer)  # HCI-05, HCI-06
        assert announced(writer) == []

    def test_there_and_back_between_two_looks_is_told_too(self, cpo, emsp, writer):
        agree(CPO, EMSP)
        announced(writer)
        presence.set_offline(cpo.pk, now=NOW)
        presence.set_online(cpo.pk, now=NOW + timedelta(seconds=1))

        assert announced(writer) == [(emsp.pk, "NL/CPO", "CONNECTED")]

    def test_the_end_of_an_agreement_is_told_to_both(self, cpo, emsp, writer):
        agreement = agree(CPO, EMSP)
        announced(writer)

        agreement.end(now=NOW)

        expected = [(cpo.pk, "FR/MSP", "PLANNED"), (emsp.pk, "NL/CPO", "PLANNED")]
        assert announced(writer, now=NOW + timedelta(seconds=1)) == expected
        assert announced(writer, now=NOW + timedelta(seconds=2)) == []

    def test_a_platform_that_does_not_listen_is_told_when_it_begins_to(self, cpo, emsp, writer):
        agree(CPO, EMSP)
        endpoint = emsp.endpoints.get(module="hubclientinfo")
        endpoint.delete()
        assert [platform for platform, _, _ in announced(writer)] == [cpo.pk]

        endpoint.save()

        assert [platform for platform, _, _ in announced(writer)] == [emsp.pk]

    def test_an_agreement_that_begins_by_the_clock_is_seen(self, cpo, emsp, writer):
        agree(CPO, EMSP, valid_from=NOW + timedelta(hours=1))
        settled = Settled()
        assert announce(writer=writer, settled=settled, now=NOW) == 0

        assert announce(writer=writer, settled=settled, now=NOW + timedelta(minutes=59)) == 0
        assert announce(writer=writer, settled=settled, now=NOW + timedelta(hours=1)) == 2

    def test_an_event_that_is_not_durable_is_told_again(self, cpo, emsp, writer, monkeypatch):
        agree(CPO, EMSP)
        monkeypatch.setattr(writer, "write_blocking", lambda job: (_ for _ in ()).throw(OSError))
        with pytest.raises(OSError):  # noqa: PT011
            announce(writer=writer, settled=Settled(), now=NOW)
        monkeypatch.undo()

        assert not Announced.objects.exists()
        assert len(announced(writer)) == 2


def test_it_arrives_without_routing_headers(cpo, writer, peer: HttpPeer):
    emsp = make_platform(EMSP, Role.EMSP, url=peer.url)
    agree(CPO, EMSP)
    clock = Clock()
    announce(writer=writer, settled=Settled(), now=NOW)
    assert emsp.pk

    run_drain(clock)

    (seen,) = peer.seen
    assert get_paths(peer) == ["PUT /hubclientinfo/NL/CPO"]  # HCI-07
    assert not [name for name in seen.headers if name.startswith("ocpi-")]  # HCI-05
    assert json.loads(seen.body) == {
        "party_id": "CPO",
        "country_code": "NL",
        "role": "CPO",
        "status": "CONNECTED",
        "last_updated": LONG_AGO.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
