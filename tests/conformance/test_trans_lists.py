"""Rows TRANS-18 to TRANS-27: lists, their pages, and the hub as a reader of lists (section 1)."""

from __future__ import annotations

import pytest

from tests.conformance.cast import Cast
from tests.conformance.lists import crawl, wait_until
from tests.conformance.objects import ABSENT, location, tariff
from tests.conformance.partner import Partner, reply
from tests.conformance.wire import new_id

MODULES = ("locations", "sessions", "cdrs", "tariffs", "tokens")


@pytest.fixture
def pair(cast: Cast, request: pytest.FixtureRequest) -> tuple[Partner, Partner]:
    """A CPO and an eMSP that know nobody else: what the eMSP lists is what the CPO told."""
    number = request.function.__name__.split("_")[2]
    cpo = cast.add(f"DE*L{number} CPO")
    emsp = cast.add(f"NL*L{number} EMSP", contracts=[cpo.party])

    def is_in_force() -> bool:
        told = emsp.configure("GET", emsp.hub_endpoints["hubclientinfo", "SENDER"])
        return any(f"{one['country_code']}*{one['party_id']}" == cpo.party for one in told.data)

    wait_until(is_in_force, what="their contract is felt")
    return cpo, emsp


def put_tariffs(cpo: Partner, count: int, *, hub: str, first: int = 0) -> list[str]:
    """Created one after another; the later ones are the older ones by `last_updated`."""
    ids = [f"T{index:03}" for index in range(first, first + count)]
    for index, id in enumerate(ids, first):
        body = tariff(id, owner=cpo.party, last_updated=f"2026-11-{20 - index:02}T10:00:00Z")
        answer = cpo.call("PUT", "tariffs", f"{cpo.owner}/{id}", body=body, to=hub)
        assert answer.code == 1000, answer
    return ids


def get_ids(emsp: Partner, hub: str, query: str) -> list[str]:
    answer = emsp.call("GET", "tariffs", interface="SENDER", to=hub, query=query)
    assert (answer.http, answer.code) == (200, 1000), answer
    return [item["id"] for item in answer.data]


def test_TRANS_18_offset_and_limit_choose_a_page(cast: Cast, pair: tuple[Partner, Partner]) -> None:
    cpo, emsp = pair
    ids = put_tariffs(cpo, 5, hub=cast.HUB)

    assert get_ids(emsp, cast.HUB, "") == ids
    assert get_ids(emsp, cast.HUB, "offset=2&limit=2") == ids[2:4]
    assert get_ids(emsp, cast.HUB, "limit=2") == ids[:2]
    for module in ("locations", "cdrs", "tokens"):
        assert emsp.call("GET", module, interface="SENDER", to=cast.HUB).code == 1000
    no_date = emsp.call("GET", "sessions", interface="SENDER", to=cast.HUB)
    assert no_date.code == 2001
    assert "date_from" in no_date.message


def test_TRANS_19_date_from_is_inclusive_and_date_to_exclusive(cast: Cast, pair: tuple[Partner, Partner]) -> None:
    cpo, emsp = pair
    (id,) = put_tariffs(cpo, 1, hub=cast.HUB)
    at = "2026-11-20T10:00:00Z"

    assert get_ids(emsp, cast.HUB, f"date_from={at}") == [id]
    assert get_ids(emsp, cast.HUB, f"date_to={at}") == []
    assert get_ids(emsp, cast.HUB, "date_from=2026-11-20T10:00:01Z") == []
    assert get_ids(emsp, cast.HUB, "date_to=2026-11-20T10:00:01Z") == [id]


def test_TRANS_20_the_total_counts_all_that_match_and_are_visible(cast: Cast, pair: tuple[Partner, Partner]) -> None:
    cpo, emsp = pair
    put_tariffs(cpo, 5, hub=cast.HUB)

    def get_total(query: str) -> str:
        return emsp.call("GET", "tariffs", interface="SENDER", to=cast.HUB, query=query).headers["X-Total-Count"]

    assert get_total("limit=2") == "5"
    assert get_total("limit=2&offset=4") == "5"
    assert get_total("date_from=2026-11-18T10:00:00Z&limit=1") == "3"


def test_TRANS_21_the_limit_header_is_the_ceiling_not_the_count(cast: Cast, pair: tuple[Partner, Partner]) -> None:
    cpo, emsp = pair
    put_tariffs(cpo, 3, hub=cast.HUB)

    def get_limit(query: str) -> int:
        answer = emsp.call("GET", "tariffs", interface="SENDER", to=cast.HUB, query=query)
        return int(answer.headers["X-Limit"])

    cap = get_limit("")
    assert cap > 3
    assert get_limit(f"limit={cap * 10}") == cap
    assert get_limit("limit=2") == 2
    assert get_limit("limit=2&offset=2") == 2


def test_TRANS_22_pages_are_chained_by_link_and_the_last_has_none(cast: Cast, pair: tuple[Partner, Partner]) -> None:
    cpo, emsp = pair
    ids = put_tariffs(cpo, 5, hub=cast.HUB)

    first = emsp.call("GET", "tariffs", interface="SENDER", to=cast.HUB, query="date_from=2026-11-17T00:00:00Z&limit=2")

    assert first.next_url.startswith(("http://", "https://"))
    assert 'rel="next"' in first.headers["Link"]
    second = emsp.call_url("GET", first.next_url)
    assert [item["id"] for item in first.data + second.data] == ids[:4]  # the filter holds: T004 is older
    assert second.headers["X-Limit"] == "2"
    assert "Link" not in second.headers
    assert [item["id"] for item in crawl(emsp, "tariffs", to=cast.HUB, query="limit=2")] == ids


def test_TRANS_23_what_is_new_comes_on_the_last_page(cast: Cast, pair: tuple[Partner, Partner]) -> None:
    cpo, emsp = pair
    ids = put_tariffs(cpo, 4, hub=cast.HUB)
    first = emsp.call("GET", "tariffs", interface="SENDER", to=cast.HUB, query="limit=2")
    new = put_tariffs(cpo, 1, hub=cast.HUB, first=4)
    changed = tariff(ids[0], owner=cpo.party, last_updated="2026-11-21T10:00:00Z")
    assert cpo.call("PUT", "tariffs", f"{cpo.owner}/{ids[0]}", body=changed, to=cast.HUB).code == 1000

    pages, answer = [], first
    while True:
        pages.append([item["id"] for item in answer.data])
        if not answer.next_url:
            break
        answer = emsp.call_url("GET", answer.next_url)

    assert pages == [ids[:2], ids[2:], new]
    assert get_ids(emsp, cast.HUB, "limit=2") == ids[:2]


def test_TRANS_24_page_queries_that_make_no_sense(cast: Cast, pair: tuple[Partner, Partner]) -> None:
    cpo, emsp = pair
    put_tariffs(cpo, 1, hub=cast.HUB)

    for query in ("limit=abc", "limit=-1", "offset=-1", "offset=x", "date_from=yesterday", "date_to=2026-13-01"):
        answer = emsp.call("GET", "tariffs", interface="SENDER", to=cast.HUB, query=query)
        assert (answer.http, answer.code) == (200, 2001), query
    beyond = emsp.call("GET", "tariffs", interface="SENDER", to=cast.HUB, query="offset=1000000")
    assert (beyond.code, beyond.data, "Link" in beyond.headers) == (1000, [], False)


def test_TRANS_25_as_client_it_follows_links_and_keeps_the_good_objects(
    cast: Cast, pair: tuple[Partner, Partner]
) -> None:
    cpo, emsp = pair
    good = [location(new_id("T25"), owner=cpo.party) for _ in range(4)]
    broken = location("BROKEN", owner=cpo.party, coordinates=ABSENT)
    url = cpo.get_endpoint("locations", "SENDER")
    first = reply([good[0], broken, good[1]], headers={"Link": f'<{url}?cursor=a%2Fb%3D&opaque>; rel="next"'})
    second = reply(good[2:])

    with (
        cpo.answering(first, when=lambda call: call.module == "locations" and "cursor" not in call.query),
        cpo.answering(second, when=lambda call: call.module == "locations" and "cursor" in call.query),
    ):
        cast.operator.pull(cpo.handle, modules=["locations"], full=True)
        followed = cpo.wait_for("GET", "locations", contains="cursor")
        wait_until(
            lambda: len(crawl(emsp, "locations", to=cast.HUB)) == 4, what="all good locations of both pages are stored"
        )

    assert followed.query == "cursor=a%2Fb%3D&opaque"
    assert {item["id"] for item in crawl(emsp, "locations", to=cast.HUB)} == {item["id"] for item in good}


def test_TRANS_26_a_shrinking_total_makes_it_step_back(cast: Cast, pair: tuple[Partner, Partner]) -> None:
    cpo, _ = pair
    items = [tariff(f"T{index}", owner=cpo.party) for index in range(6)]
    url = cpo.get_endpoint("tariffs", "SENDER")

    def page(handler, call) -> None:
        offset = int(call.params.get("offset", 0))
        total = 6 if offset < 2 else 5  # one has gone while page 2 was asked for
        left = items if total == 6 else items[1:]
        headers = {"X-Total-Count": str(total), "X-Limit": "2"}
        if offset + 2 < total:
            headers["Link"] = f'<{url}?offset={offset + 2}&limit=2>; rel="next"'
        reply(left[offset : offset + 2], headers=headers)(handler, call)

    with cpo.answering(page, when=lambda call: call.module == "tariffs" and call.method == "GET"):
        cast.operator.pull(cpo.handle, modules=["tariffs"], full=True)
        cpo.wait_for("GET", "tariffs", that=lambda call: call.params.get("offset") == "2")
        again = cpo.wait_for("GET", "tariffs", that=lambda call: call.params.get("offset") == "1")

    assert again.interface == "SENDER"


def test_TRANS_27_every_sender_module_can_be_pulled(cast: Cast) -> None:
    for module in MODULES:
        query = "date_from=2026-01-01T00:00:00Z"
        answer = cast.msb.call("GET", module, interface="SENDER", to=cast.HUB, query=query)
        assert (answer.http, answer.code) == (200, 1000), module
        assert isinstance(answer.data, list)
    infos = cast.msb.configure("GET", cast.msb.hub_endpoints["hubclientinfo", "SENDER"])
    assert (infos.code, isinstance(infos.data, list)) == (1000, True)
