"""A receiver may get a call twice where its first answer was lost: the call log says which one is the repeat."""

from __future__ import annotations

from agreements.models import Agreement
from journal.models import CallLog
from parties.models import Platform
from tests.conftest import Cast
from tests.documents import as_json, cdr_document, location_document, session_document
from tests.live.partner import answer_ok, get_code
from tests.parties.http_peer import Handler


def get_repeats(*, leg: str = "out", **columns) -> list[bool]:
    return list(CallLog.objects.filter(leg=leg, **columns).order_by("id").values_list("repeat", flat=True))


class HangUp:
    """Takes calls and breaks the connection, so many times; then it answers."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, handler: Handler) -> None:
        if self.left:
            self.left -= 1
            handler.close_connection = True
        else:
            answer_ok(handler)


class TestRepeats:
    def test_what_was_queued_after_a_lost_answer_is_delivered_as_one(self, cast: Cast):
        Agreement.objects.filter(provider_country="NL").update(delivery="store_and_forward")
        cast.hub.settle()
        cast.emsp.behave = HangUp(1)

        answer = cast.cpo.call("POST", "cdrs", body=as_json(cdr_document()), to="FR*MSP")
        cast.hub.deliver()

        assert get_code(answer) == 1000
        assert len(cast.emsp.seen) == 2
        assert get_repeats(decision="forward") == [False]
        assert get_repeats(decision="deliver") == [True]

    def test_a_cdr_that_is_posted_again_is_one(self, cast: Cast):
        for _ in range(2):
            cast.cpo.call("POST", "cdrs", body=as_json(cdr_document()), to="FR*MSP")

        assert len(cast.emsp.seen) == 2
        assert get_repeats() == [False, True]

    def test_a_cdr_that_is_posted_again_while_its_receiver_is_away_is_one(self, cast: Cast):
        Agreement.objects.filter(provider_country="NL").update(delivery="store_and_forward")
        for is_online in (True, False):
            Platform.objects.filter(pk=cast.emsp.platform.pk).update(is_online=is_online)
            cast.hub.settle()
            cast.cpo.call("POST", "cdrs", body=as_json(cdr_document()), to="FR*MSP")
        Platform.objects.filter(pk=cast.emsp.platform.pk).update(is_online=True)

        cast.hub.deliver()

        assert get_repeats(decision="deliver") == [True]

    def test_a_relayed_call_that_went_out_twice_is_one(self, cast: Cast):
        cast.emsp.behave = HangUp(1)

        answer = cast.cpo.call("PUT", "sessions", "NL/CPO/S1", body=as_json(session_document()), to="FR*MSP")

        assert get_code(answer) == 1000
        assert len(cast.emsp.seen) == 2
        assert get_repeats() == [True]

    def test_a_delivery_that_went_out_twice_is_one(self, cast: Cast):
        cast.emsp.behave = HangUp(1)

        cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=as_json(location_document()))
        cast.hub.deliver()

        assert len(cast.emsp.seen) == 2
        assert get_repeats() == [True]

    def test_the_first_of_its_kind_is_none(self, cast: Cast):
        cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=as_json(location_document()))
        cast.cpo.call("POST", "cdrs", body=as_json(cdr_document()), to="FR*MSP")
        cast.hub.deliver()

        assert get_repeats() == [False, False]
