from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from multidict import CIMultiDict

from forwarding.pull_plan import (
    MAX_EMPTY,
    MAX_REREADS,
    Crawl,
    CrawlBroken,
    Page,
    get_date_from,
    get_limit,
    is_due,
    read_page,
    write_first_url,
)
from ocpi.times import SENTINEL

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ENDPOINT = "https://cpo.example/ocpi/2.2.1/locations"


def date_from(**changes: Any) -> datetime | None:
    given: dict[str, Any] = {
        "is_full": False,
        "needs_date": False,
        "since": None,
        "pulled_at": None,
        "newest": None,
        "overlap": HOUR,
        "now": NOW,
    }
    return get_date_from(**{**given, **changes})


class TestDateFrom:
    def test_reaches_back_behind_the_last_pull_by_the_overlap(self):
        assert date_from(pulled_at=NOW - 5 * HOUR, newest=NOW) == NOW - 6 * HOUR

    def test_without_a_pull_begins_at_the_newest_object(self):
        assert date_from(newest=NOW - 5 * HOUR) == NOW - 6 * HOUR

    def test_an_outage_reaches_back_to_its_begin(self):
        assert date_from(newest=NOW, since=NOW - 8 * HOUR) == NOW - 9 * HOUR

    def test_an_object_from_the_future_hides_nothing(self):
        assert date_from(newest=NOW + 99 * HOUR) == NOW - HOUR

    def test_a_full_pull_is_unfiltered(self):
        assert date_from(is_full=True, newest=NOW) is None

    def test_nothing_known_is_unfiltered(self):
        assert date_from(since=NOW) is None

    @pytest.mark.parametrize("is_full", [True, False])
    def test_sessions_are_filtered_always(self, is_full):
        assert date_from(is_full=is_full, needs_date=True) == SENTINEL


class TestFirstUrl:
    def test_names_date_from_in_utc_and_never_date_to(self):
        url = write_first_url(ENDPOINT, date_from=NOW)

        assert url == f"{ENDPOINT}?date_from=2026-11-22T12%3A00%3A00Z&limit=1000"

    def test_keeps_a_query_that_is_there(self):
        assert write_first_url(f"{ENDPOINT}?tenant=4", date_from=None) == f"{ENDPOINT}?tenant=4&limit=1000"

    def test_asks_for_less_at_a_time_where_it_broke_off_before(self) -> None:
        url = write_first_url(ENDPOINT, date_from=None, limit=get_limit(2))

        assert url == f"{ENDPOINT}?limit=250"
        assert get_limit(1) == 1000


class TestIsDue:
    def test_at_once_when_there_was_none(self):
        assert is_due(last=None, hours=6, name="1:locations", now=NOW)

    def test_intervals_differ_by_up_to_a_tenth(self):
        """TRANS-26."""
        seen = set()
        for day in range(20):
            last = NOW - timedelta(days=day)
            minutes = next(m for m in range(1000) if is_due(last=last, hours=10, name="1:x", now=last + m * HOUR / 60))
            assert 540 <= minutes <= 660
            seen.add(minutes)

        assert len(seen) > 10


def envelope(data: Any, status_code: int = 1000) -> bytes:
    return json.dumps({"status_code": status_code, "data": data, "timestamp": "2026-11-22T12:00:00Z"}).encode()


def read(body: bytes, *, http_status: int = 200, **headers: str) -> Page:
    named = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return read_page(http_status=http_status, headers=named, body=body, url=f"{ENDPOINT}?limit=1000")


class TestReadPage:
    def test_keeps_objects_to_the_letter(self):
        page = read(b'{"status_code":1000,"data":[ {"a" : 1.50}, 3 ],"timestamp":"2026-11-22T12:00:00Z"}')

        assert page.objects == (b'{"a" : 1.50}', b"3")

    def test_finds_headers_in_any_case(self):
        """TRANS-51."""
        page = read(envelope([]), link='<?offset=50>; rel="next"', x_total_count="51")

        assert (page.next_url, page.total) == (f"{ENDPOINT}?offset=50", 51)

    @pytest.mark.parametrize("data", [None, "text", [1, 2], {"a": 1}])
    def test_does_not_look_at_the_data_of_a_failure(self, data):
        """TRANS-50."""
        with pytest.raises(CrawlBroken, match="2001"):
            read(envelope(data, 2001))

    @pytest.mark.parametrize(
        ("body", "http_status"), [(b"<html>", 200), (envelope([]), 500), (b"[]", 200), (envelope("x"), 200)]
    )
    def test_what_is_no_list_breaks_the_crawl(self, body, http_status):
        with pytest.raises(CrawlBroken):
            read(body, http_status=http_status)

    @pytest.mark.parametrize("value", [b"1", b"{}"])
    def test_countless_values_break_the_crawl(self, value: bytes):
        """Each would be an object to judge: minutes, and gigabytes."""
        body = b'{"status_code":1000,"data":[%s],"timestamp":"x"}' % b",".join([value] * 1_000_000)

        with pytest.raises(CrawlBroken, match="so many values"):
            read(body)

    def test_one_object_is_a_list_of_one_and_null_is_none(self):
        assert read(envelope({"id": "L1"})).objects == (b'{"id": "L1"}',)
        assert read(envelope(None)).objects == ()

    @pytest.mark.parametrize("text", ["many", "-1", "", "9" * 50])
    def test_an_odd_total_is_none(self, text):
        assert read(envelope([]), x_total_count=text).total is None


def page(url: str | None = None, *, total: int | None = None, objects: int = 1) -> Page:
    return Page(objects=(b"{}",) * objects, next_url=url, total=total)


class TestCrawl:
    def test_follows_the_link_to_the_letter(self):
        link = f"{ENDPOINT}?cursor=a%2Fb+c"

        assert Crawl(endpoint=ENDPOINT).follow(f"{ENDPOINT}?limit=1000", page(link)) == link

    def test_ends_without_a_link(self):
        assert Crawl(endpoint=ENDPOINT).follow(ENDPOINT, page()) is None

    @pytest.mark.parametrize(
        "url", ["https://evil.example/ocpi/2.2.1/locations", "http://cpo.example/x", "https://cpo.example:8443/x"]
    )
    def test_never_leaves_the_endpoint_s_host(self, url):
        with pytest.raises(CrawlBroken, match="another host"):
            Crawl(endpoint=ENDPOINT).follow(ENDPOINT, page(url))

    def test_what_is_no_url_breaks_the_crawl(self):
        broken = read(envelope([]), link='<https://[/x>; rel="next"')

        with pytest.raises(CrawlBroken, match="another host"):
            Crawl(endpoint=ENDPOINT).follow(ENDPOINT, broken)

    def test_knows_its_host_with_the_port_that_is_usual(self):
        url = "https://CPO.example:443/ocpi/2.2.1/locations?offset=1"

        assert Crawl(endpoint=ENDPOINT).follow(ENDPOINT, page(url)) == url

    def test_a_circle_ends(self):
        crawl = Crawl(endpoint=ENDPOINT)
        crawl.follow(ENDPOINT, page(f"{ENDPOINT}?offset=1"))

        with pytest.raises(CrawlBroken, match="read before"):
            crawl.follow(f"{ENDPOINT}?offset=1", page(ENDPOINT))

    def test_empty_pages_without_end_end(self):
        crawl = Crawl(endpoint=ENDPOINT)

        with pytest.raises(CrawlBroken, match="empty"):  # noqa: PT012 (which page breaks it is counted below)
            for number in range(MAX_EMPTY + 1):
                crawl.follow(f"{ENDPOINT}?c={number}", page(f"{ENDPOINT}?c={number + 1}", objects=0))

        assert crawl.pages == MAX_EMPTY

    def test_full_pages_without_end_end(self):
        crawl = Crawl(endpoint=ENDPOINT, max_pages=20)

        with pytest.raises(CrawlBroken, match="20 pages"):  # noqa: PT012
            for number in range(30):
                crawl.follow(f"{ENDPOINT}?c={number}", page(f"{ENDPOINT}?c={number + 1}"))

        assert crawl.pages == 20

    def test_a_shrinking_total_is_read_again_one_lower(self):
        """TRANS-26."""
        crawl = Crawl(endpoint=ENDPOINT)
        crawl.follow(f"{ENDPOINT}?limit=2", page(f"{ENDPOINT}?limit=2&offset=2", total=6))

        again = crawl.follow(f"{ENDPOINT}?limit=2&offset=2", page(f"{ENDPOINT}?limit=2&offset=4", total=5))
        onward = crawl.follow(f"{ENDPOINT}?limit=2&offset=1", page(f"{ENDPOINT}?limit=2&offset=3", total=5))

        assert again == f"{ENDPOINT}?limit=2&offset=1"
        assert onward == f"{ENDPOINT}?limit=2&offset=3"

    def test_what_is_read_again_counts_once(self):
        """Else the second reading of it would make up for one that is missing."""
        crawl = Crawl(endpoint=ENDPOINT)
        pages = (page(f"{ENDPOINT}?offset=2", total=6), page(f"{ENDPOINT}?offset=4", total=5), page(total=5))
        for url, found in zip((ENDPOINT, f"{ENDPOINT}?offset=2", f"{ENDPOINT}?offset=1"), pages, strict=True):
            crawl.follow(url, replace(found, objects=(b"{}", b"{}")))

        assert (crawl.objects, crawl.is_whole) == (3, False)

    @pytest.mark.parametrize("query", ["?offset=0", "?cursor=x", ""])
    def test_a_shrinking_total_without_an_offset_changes_nothing(self, query):
        crawl = Crawl(endpoint=ENDPOINT, total=6)

        assert crawl.follow(f"{ENDPOINT}{query}", page(f"{ENDPOINT}?offset=4", total=5)) == f"{ENDPOINT}?offset=4"

    def test_a_total_that_always_shrinks_is_read_again_so_often_and_no_more(self):
        crawl = Crawl(endpoint=ENDPOINT, total=1000)
        url: str | None = f"{ENDPOINT}?offset=500"
        for total in range(999, 999 - MAX_REREADS, -1):
            assert url is not None
            url = crawl.follow(url, page(total=total))
        assert url == f"{ENDPOINT}?offset={500 - MAX_REREADS}"

        assert crawl.follow(url, page(total=1)) is None

    @pytest.mark.parametrize(("total", "is_whole"), [(None, True), (1, True), (2, False)])
    def test_is_whole_when_as_many_came_as_were_announced(self, total, is_whole):
        crawl = Crawl(endpoint=ENDPOINT)

        crawl.follow(ENDPOINT, page(total=total))

        assert crawl.is_whole is is_whole
