from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from simulator.clock import parse_moment
from simulator.errors import PeerError
from simulator.pulls import pull_all
from simulator.report import build_report, list_objects
from tests.simulator.pair import CPO, EMSP, Pair, with_pair


async def push_everything(pair: Pair) -> None:
    await pair.cpo.pusher.push_all(CPO, "tariffs", to=EMSP)
    await pair.cpo.pusher.push_all(CPO, "locations", to=EMSP)
    await pair.emsp.pusher.push_all(EMSP, "tokens", to=CPO)


def get_digests(pair: Pair, module: str) -> tuple[dict[str, str], dict[str, str]]:
    """What the CPO owns and what the eMSP received."""
    own = list_objects(pair.cpo.state, kind="own", party=CPO, module=module)
    return own, list_objects(pair.emsp.state, kind="received", party=EMSP, module=module)


class TestPush:
    def test_every_object_arrives_as_it_is_owned(self) -> None:
        async def test(pair: Pair) -> None:
            await push_everything(pair)

            for module in ("locations", "tariffs"):
                own, received = get_digests(pair, module)
                assert len(own) > 3
                assert own == received
            assert len(pair.cpo.state.received_by(CPO, "tokens")) == 9

        with_pair(test)

    def test_a_patch_of_an_unknown_object_becomes_a_put(self) -> None:
        async def test(pair: Pair) -> None:
            location = next(iter(pair.cpo.state.own_of(CPO, "locations")))
            changes = {"name": "New name", "last_updated": "2036-01-01T00:00:00.000Z"}
            pair.cpo.state.own_of(CPO, "locations").patch(f"{CPO}/{location['id']}", changes)

            reply = await pair.cpo.pusher.patch(CPO, "locations", location, changes, to=EMSP)

            assert reply.status == 201
            assert pair.emsp.state.received_by(EMSP, "locations")[f"{CPO}/{location['id']}"]["name"] == "New name"

        with_pair(test)


class TestPull:
    def test_follows_the_link_to_the_last_page(self) -> None:
        async def test(pair: Pair) -> None:
            pull = await pull_all(pair.emsp.state, pair.emsp.client, module="locations", party=EMSP, to=CPO)

            assert (pull.count, pull.announced, pull.pages) == (12, 12, 3)
            assert pull.by_owner == {CPO: 12}
            own, received = get_digests(pair, "locations")
            assert own == received

        with_pair(test)

    def test_a_date_filter_leaves_out_what_is_older(self) -> None:
        async def test(pair: Pair) -> None:
            query = {"date_from": "2036-01-01T00:00:00Z"}

            pull = await pull_all(
                pair.emsp.state, pair.emsp.client, module="locations", party=EMSP, to=CPO, query=query
            )

            assert (pull.count, pull.pages) == (0, 1)

        with_pair(test)

    def test_sessions_need_date_from(self) -> None:
        async def test(pair: Pair) -> None:
            with pytest.raises(PeerError, match="date_from"):
                await pull_all(pair.emsp.state, pair.emsp.client, module="sessions", party=EMSP, to=CPO)

        with_pair(test)


class TestCharging:
    def test_sessions_and_bills_arrive_complete(self) -> None:
        async def test(pair: Pair) -> None:
            await push_everything(pair)

            sessions = await pair.cpo.charge_points.run(CPO, EMSP, count=6, faults={}, pace=0)

            assert [one["refused"] for one in sessions] == [[]] * 6
            for module in ("sessions", "cdrs", "locations"):
                own, received = get_digests(pair, module)
                assert own == received
            assert len(get_digests(pair, "cdrs")[0]) == 6
            assert {one["status"] for one in pair.emsp.state.received_by(EMSP, "sessions")} == {"COMPLETED"}
            assert pair.emsp.state.record.breaches == []
            assert pair.cpo.state.record.breaches == []

        with_pair(test)

    def test_takes_place_in_the_span_and_is_told_now(self) -> None:
        async def test(pair: Pair) -> None:
            await push_everything(pair)
            span = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))

            await pair.cpo.charge_points.run(CPO, EMSP, count=4, faults={}, pace=0, span=span)

            for cdr in pair.emsp.state.received_by(EMSP, "cdrs"):
                assert span[0] <= parse_moment(cdr["start_date_time"])
                assert parse_moment(cdr["end_date_time"]) < span[1]
                assert parse_moment(cdr["last_updated"]) > datetime.now(UTC) - timedelta(hours=1)

        with_pair(test)

    def test_takes_a_bill_back_and_bills_the_session_as_it_was(self) -> None:
        async def test(pair: Pair) -> None:
            await push_everything(pair)
            (wrong,) = await pair.cpo.charge_points.run(CPO, EMSP, count=1, faults={"other_kwh": 1}, pace=0)

            sent = await pair.cpo.charge_points.correct(CPO, EMSP, wrong["cdr_ids"][0])

            received = {cdr["id"]: cdr for cdr in pair.emsp.state.received_by(EMSP, "cdrs")}
            bill, credit, right = (received[name] for name in (*wrong["cdr_ids"], *sent.values()))
            assert credit["credit_reference_id"] == bill["id"]
            assert credit["total_cost"]["excl_vat"] == -bill["total_cost"]["excl_vat"]
            assert right["total_energy"] == Decimal(wrong["kwh"])
            assert {credit["session_id"], right["session_id"]} == {bill["session_id"]}

        with_pair(test)

    def test_plants_the_faults_it_is_asked_for(self) -> None:
        async def test(pair: Pair) -> None:
            await push_everything(pair)
            faults = {"other_kwh": 1, "no_cdr": 1, "billed_twice": 1, "posted_twice": 1}

            sessions = await pair.cpo.charge_points.run(CPO, EMSP, count=5, faults=faults, pace=0)

            bills = {one["fault"]: len(one["cdr_ids"]) for one in sessions}
            assert bills == {"other_kwh": 1, "no_cdr": 0, "billed_twice": 2, "posted_twice": 1, "": 1}
            cdrs = {one["session_id"]: one for one in pair.emsp.state.received_by(EMSP, "cdrs")}
            by_id = {one["id"]: one for one in pair.emsp.state.received_by(EMSP, "sessions")}
            differing = [key for key, cdr in cdrs.items() if cdr["total_energy"] != by_id[key]["kwh"]]
            assert differing == [one["session_id"] for one in sessions if one["fault"] == "other_kwh"]
            report = build_report(pair.emsp)["cdrs"]
            assert report["by_owner"] == {CPO: 5}
            assert list(report["repeated"].values()) == [2]

        with_pair(test)

    def test_a_location_of_every_cdr_can_be_read_back(self) -> None:
        async def test(pair: Pair) -> None:
            await push_everything(pair)
            await pair.cpo.charge_points.run(CPO, EMSP, count=3, faults={}, pace=0)

            assert await pair.cpo.pusher.check_cdr_locations() == {"asked": 3, "same": 3}

        with_pair(test)

    def test_needs_a_token_of_the_emsp(self) -> None:
        async def test(pair: Pair) -> None:
            with pytest.raises(PeerError, match="knows no token"):
                await pair.cpo.charge_points.run(CPO, EMSP, count=1, faults={}, pace=0)

        with_pair(test)


class TestAbsence:
    def test_connections_are_refused_and_calls_go_through_after_the_return(self) -> None:
        async def test(pair: Pair) -> None:
            await pair.emsp.leave()
            running = asyncio.create_task(pair.cpo.pusher.push_all(CPO, "tariffs", to=EMSP))
            while not pair.cpo.state.record.counts["out.tried_again"]:
                await asyncio.sleep(0)
            await pair.emsp.come_back()

            assert await running == {"sent": 4, "refused": []}

        with_pair(test)

    def test_what_nobody_took_is_sent_again_on_order(self) -> None:
        async def test(pair: Pair) -> None:
            await push_everything(pair)
            await pair.cpo.charge_points.run(CPO, EMSP, count=1, faults={}, pace=0)
            (session,) = pair.cpo.state.own_of(CPO, "sessions")
            (cdr,) = pair.cpo.state.own_of(CPO, "cdrs")
            pair.cpo.state.undelivered = {
                f"cdrs {CPO}/{cdr['id']}": (CPO, EMSP),
                f"sessions {CPO}/{session['id']}": (CPO, EMSP),
            }

            outcome = await pair.cpo.pusher.push_undelivered()

            assert outcome == {"tried": 2, "left": 0}
            assert set(pair.emsp.state.cdr_posts.values()) == {2}
            assert len(pair.emsp.state.received_by(EMSP, "cdrs")) == 1

        with_pair(test)
