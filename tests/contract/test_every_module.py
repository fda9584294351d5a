"""What every module must obey, over HTTP, with two CPOs and two eMSPs of which only two pairs have an agreement."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest

from journal.models import CallLog
from tests.conftest import Cast
from tests.contract.cases import ABSENT, ADDRESSED, BROADCAST, CASES, Case
from tests.documents import as_json
from tests.live.partner import Partner, get_code

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
each_broadcast = pytest.mark.parametrize("case", BROADCAST, ids=lambda case: case.module)
each_addressed = pytest.mark.parametrize("case", ADDRESSED, ids=lambda case: case.module)


def owner_of(case: Case, cast: Cast) -> Partner:
    return cast.cpo if case.from_cpo else cast.emsp


def reader_of(case: Case, cast: Cast) -> Partner:
    return cast.emsp if case.from_cpo else cast.cpo


def stranger_of(case: Case, cast: Cast) -> Partner:
    return cast.other_emsp if case.from_cpo else cast.other_cpo


def push(case: Case, cast: Cast, *, to: str | None = "NL*HUB", **changes: Any):
    return owner_of(case, cast).call(case.method, case.module, case.path(), body=as_json(case.make(**changes)), to=to)


def without(case: Case) -> dict[str, Any]:
    return {case.required: ABSENT}


def get_all(case: Case, partner: Partner):
    return partner.call("GET", case.module, case.list_query, interface="sender", to="NL*HUB")


@each_case
class TestPush:
    def test_is_stored_byte_for_byte_and_served_back(self, cast: Cast, case: Case):
        body = as_json(case.make()).replace(b"{", b'{ "x_vendor": 1.10 , ', 1)

        pushed = owner_of(case, cast).call(case.method, case.module, case.path(), body=body, to="NL*HUB")
        listed = get_all(case, reader_of(case, cast))

        assert (pushed.status_code, get_code(pushed)) == (200 if case.module == "sessions" else 201, 1000)
        assert get_code(listed) == 1000
        assert listed.headers["X-Total-Count"] == "1"
        assert b"[" + body + b"]" in listed.content

    def test_names_the_field_that_is_missing(self, cast: Cast, case: Case):  # TRANS-11
        answer = push(case, cast, **without(case))

        assert (answer.status_code, get_code(answer)) == (200, 2001)
        assert case.required in answer.json()["status_message"]
        assert get_all(case, reader_of(case, cast)).json()["data"] == []

    def test_refuses_what_is_not_json(self, cast: Cast, case: Case):  # TRANS-09
        answer = owner_of(case, cast).call(case.method, case.module, case.path(), body=b"{", to="NL*HUB")

        assert (answer.status_code, get_code(answer)) == (400, 2001)

    def test_refuses_another_partys_object(self, cast: Cast, case: Case):  # TRANS-35
        body = as_json(case.make(owner="BE*ELS"))

        answer = owner_of(case, cast).call(case.method, case.module, case.path(owner="BE*ELS"), body=body, to="NL*HUB")

        assert answer.status_code == 404

    def test_refuses_a_from_party_of_another_platform(self, cast: Cast, case: Case):  # ROUTE-03
        answer = owner_of(case, cast).call(
            case.method, case.module, case.path(), body=as_json(case.make()), to="NL*HUB", sender="DE*CPX"
        )

        assert (answer.status_code, get_code(answer)) == (403, 2001)

    def test_refuses_an_unknown_token_before_anything_else(self, cast: Cast, case: Case):  # TRANS-02
        token = base64.b64encode(b"nobody").decode()

        answer = owner_of(case, cast).call(
            case.method, case.module, case.path(), body=b"{", headers={"Authorization": f"Token {token}"}
        )

        assert (answer.status_code, get_code(answer)) == (401, 2000)

    def test_tells_an_unknown_receiver(self, cast: Cast, case: Case):  # ROUTE-15
        changes = {} if case.broadcast else {"cdr_token": {"country_code": "XX", "party_id": "ZZZ"}}

        answer = push(case, cast, to="XX*ZZZ", **changes)

        assert (answer.status_code, get_code(answer)) == (200, 4001)

    def test_tells_that_there_is_no_agreement(self, cast: Cast, case: Case):  # ROUTE-22
        stranger = stranger_of(case, cast)
        party = stranger.parties[0]
        changes = (
            {} if case.broadcast else {"cdr_token": {"country_code": party.country_code, "party_id": party.party_id}}
        )

        answer = push(case, cast, to=str(party), **changes)

        assert (answer.status_code, get_code(answer)) == (200, 4003)
        assert stranger.seen == []

    def test_tells_a_receiver_that_is_down(self, cast: Cast, case: Case):  # ROUTE-17
        reader_of(case, cast).close()

        answer = push(case, cast, to=str(reader_of(case, cast).parties[0]))

        assert (answer.status_code, get_code(answer)) == (200, 4003)

    def test_tells_a_receiver_that_is_slow(self, cast: Cast, case: Case):  # ROUTE-16
        reader = reader_of(case, cast)
        reader.behave = lambda handler: reader.peer.released.wait(10)  # type: ignore[assignment]

        answer = push(case, cast, to=str(reader.parties[0]))
        reader.peer.released.set()

        assert (answer.status_code, get_code(answer)) == (200, 4002)

    @pytest.mark.parametrize("to", ["NL*HUB", "FR*MSP"])
    def test_of_an_id_that_is_too_long_in_lower_case_is_refused(self, cast: Cast, case: Case, to: str):  # TRANS-40
        id = "\u0130" * 39  # a capital with two letters for a small one

        answer = owner_of(case, cast).call(
            case.method, case.module, case.path(id=quote(id)), body=as_json(case.make(id=id)), to=to
        )

        assert get_code(answer) == 2001
        assert f"{case.id_field}: " in answer.json()["status_message"]

    def test_is_refused_over_the_size_limit(self, cast: Cast, case: Case, settings):
        settings.HUB_MAX_BODY = 1000

        answer = owner_of(case, cast).call(
            case.method, case.module, case.path(), body=b'{"a":"' + b"x" * 1000 + b'"}', to="NL*HUB"
        )

        assert (answer.status_code, get_code(answer)) == (413, 2001)

    def test_of_an_odd_method_is_told_what_there_is(self, cast: Cast, case: Case):  # TRANS-36
        answer = owner_of(case, cast).call("OPTIONS", case.module, case.path(), to="NL*HUB")

        assert (answer.status_code, get_code(answer)) == (405, 2000)
        assert case.method in answer.headers["Allow"]


@each_case
class TestRelay:
    def test_passes_body_and_headers_unchanged(self, cast: Cast, case: Case):  # ROUTE-05, ROUTE-09, ROUTE-10, ROUTE-11
        reader = reader_of(case, cast)
        body = as_json(case.make()).replace(b":", b" : ", 1)

        answer = owner_of(case, cast).call(
            case.method,
            case.module,
            case.path(),
            body=body,
            to=str(reader.parties[0]).lower(),
            headers={"X-Request-ID": "r1", "X-Correlation-ID": "c1"},
        )

        (seen,) = reader.seen
        assert get_code(answer) == 1000
        assert seen.body == body
        assert seen.path == f"/receiver/{case.module}" + (f"/{case.path()}" if case.path() else "")
        assert base64.b64decode(seen.headers["authorization"].split()[1]).decode() == reader.token_out
        assert seen.headers["x-correlation-id"] == "c1"
        assert seen.headers["x-request-id"] not in ("", "r1")
        assert seen.headers["ocpi-to-party-id"] == reader.parties[0].party_id.lower()
        assert seen.headers["ocpi-from-party-id"] == owner_of(case, cast).parties[0].party_id
        assert (answer.headers["X-Request-ID"], answer.headers["X-Correlation-ID"]) == ("r1", "c1")
        assert answer.headers["OCPI-from-party-id"] == reader.parties[0].party_id  # ROUTE-06
        assert answer.headers["OCPI-to-party-id"] == owner_of(case, cast).parties[0].party_id

    def test_gives_the_receivers_refusal_back(self, cast: Cast, case: Case):  # ROUTE-12
        reader = reader_of(case, cast)
        reader.answer_with({"status_code": 2999, "status_message": "no", "data": [1.50], "timestamp": "x"}, status=500)

        answer = push(case, cast, to=str(reader.parties[0]))

        assert (answer.status_code, get_code(answer)) == (200, 2999)
        assert answer.json()["data"] == [1.5]

    @pytest.mark.parametrize(
        ("status", "body"), [(401, b""), (403, b'{"status_code":2000}'), (502, b"<html>"), (200, b"[]")]
    )
    def test_hides_a_receiver_that_breaks(self, cast: Cast, case: Case, status: int, body: bytes):  # ROUTE-14
        reader = reader_of(case, cast)
        reader.answer_with(body, status=status)

        answer = push(case, cast, to=str(reader.parties[0]))

        assert (answer.status_code, get_code(answer)) == (200, 4000)

    def test_never_shows_the_receivers_variant_to_others(self, cast: Cast, case: Case):  # ROUTE-41
        push(case, cast, to=str(reader_of(case, cast).parties[0]))

        mine = get_all(case, reader_of(case, cast))
        others = get_all(case, stranger_of(case, cast))

        assert mine.headers["X-Total-Count"] == "1"
        assert others.headers["X-Total-Count"] == "0"


@each_broadcast
class TestBroadcast:
    def test_reaches_every_partner_with_an_agreement_and_nobody_else(self, cast: Cast, case: Case):  # ROUTE-23 to 27
        answer = push(case, cast)
        cast.hub.deliver()

        (seen,) = reader_of(case, cast).seen
        assert (answer.status_code, answer.headers["OCPI-from-party-id"]) == (201, "HUB")
        assert seen.method == "PUT"
        assert seen.body == as_json(case.make())
        assert seen.headers["ocpi-from-party-id"] == "HUB"
        assert seen.headers["ocpi-to-party-id"] == reader_of(case, cast).parties[0].party_id
        assert seen.path == f"/receiver/{case.module}/{case.path()}"
        assert stranger_of(case, cast).seen == []
        assert owner_of(case, cast).seen == []

    def test_keeps_the_newer_state(self, cast: Cast, case: Case):  # LOC-16
        push(case, cast, last_updated="2026-11-20T10:00:00Z")
        stale = push(case, cast, last_updated="2026-11-20T09:00:00Z")
        listed = get_all(case, reader_of(case, cast)).json()["data"]
        cast.hub.deliver()

        assert get_code(stale) == 1000
        assert [one["last_updated"] for one in listed] == ["2026-11-20T10:00:00Z"]
        assert len(reader_of(case, cast).seen) == 1

    def test_compares_ids_without_case(self, cast: Cast, case: Case):  # TRANS-40
        push(case, cast)
        again = owner_of(case, cast).call(
            "PUT", case.module, case.path(id="x1").lower(), body=as_json(case.make(id="x1")), to="NL*HUB"
        )

        assert again.status_code == 200
        assert get_all(case, reader_of(case, cast)).headers["X-Total-Count"] == "1"


@each_addressed
class TestToTheTokenOwner:
    def test_is_delivered_to_the_token_owner_alone(self, cast: Cast, case: Case):  # ROUTE-30
        answer = push(case, cast)

        (seen,) = cast.emsp.seen
        assert get_code(answer) == 1000
        assert seen.headers["ocpi-to-party-id"] == "MSP"
        assert seen.headers["ocpi-from-party-id"] == "CPO"
        assert cast.other_emsp.seen == []

    def test_refuses_another_receiver_than_the_token_owner(self, cast: Cast, case: Case):  # SESS-07, CDR-09
        answer = push(case, cast, to="IT*MSX")

        assert get_code(answer) == 2001
        assert "cdr_token" in answer.json()["status_message"]
        assert cast.other_emsp.seen == []

    def test_refuses_an_object_without_token(self, cast: Cast, case: Case):
        document = case.make()
        del document["cdr_token"]

        answer = cast.cpo.call(case.method, case.module, case.path(), body=as_json(document), to="NL*HUB")

        assert get_code(answer) == 2001
        assert "cdr_token" in answer.json()["status_message"]


@each_case
class TestLog:
    def test_has_a_row_for_every_refusal(self, cast: Cast, case: Case):
        push(case, cast, **without(case))
        push(
            case,
            cast,
            to="XX*ZZZ",
            **({} if case.broadcast else {"cdr_token": {"country_code": "XX", "party_id": "ZZZ"}}),
        )
        cast.hub.request("PUT", cast.hub.get_url(case.module, "receiver"), data=b"{}")

        rows = CallLog.objects.filter(leg="in").order_by("id").values_list("status_code", flat=True)

        assert list(rows) == [2001, 4001, 2000]

    def test_shows_both_legs_of_a_relayed_call(self, cast: Cast, case: Case):
        push(case, cast, to=str(reader_of(case, cast).parties[0]))

        inward, outward = CallLog.objects.order_by("leg")

        assert (inward.leg, outward.leg) == ("in", "out")
        assert inward.correlation_id == outward.correlation_id
        assert inward.status_code == outward.status_code == 1000
        assert outward.platform == reader_of(case, cast).platform.pk
