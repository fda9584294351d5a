"""Rows about GET all: 300,000 locations with 1,000,000 EVSEs that the caller may see, 30,000 more that it may not.

The rows are put into the table as the hub itself would have stored them; only the way in is left out.
"""

from __future__ import annotations

import http.client
import re
import statistics
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from benchmarks import bodies, cpu, machine
from benchmarks.catalogue import COLUMNS, run
from benchmarks.load import Load, get_outcome, make_request
from benchmarks.partner import Manner, Partners
from benchmarks.progress import say
from benchmarks.pull import PAGE, answer_page, make_page
from benchmarks.rows import Row, take_turns
from benchmarks.seed import Cast, token_of
from benchmarks.stand import Stand, find_ports, run_hub
from benchmarks.yardsticks.run import pull_naively, run_naive_hub, run_nginx

CPOS = [f"DE*P{n:02}" for n in range(33)]
EMSP = "NL*MSA"
SEEN = 30  # of the CPOs have an agreement with the eMSP
LOCATIONS = 10_000  # of each CPO
LIST = "sender/locations"
CALLERS = 4
SECONDS = 4.0
LOOKS = 30  # pages at the beginning and at the end, a turn: too many for the hub to keep them
FILES = 100  # pages that nginx has: too many for the processor's caches, as the hub's are
PATIENCE = 60.0  # seconds for a full pull; what is left then is estimated

_SEED = f"""INSERT INTO locations_location ({COLUMNS})
 SELECT 'dep' || lpad((n %% 33)::text, 2, '0'), 'loc' || n, '', 'LOC' || n, '2.2.1',
        replace(replace(CASE WHEN n %% 3 = 0 THEN %s ELSE %s END, 'LOC@', 'LOC' || n),
                '"PXX"', '"P' || lpad((n %% 33)::text, 2, '0') || '"'),
        '2026-01-01T00:00:00Z', true, '', now(), now(), '', 'NLD', 'Utrecht', 52.0894440, 5.1102780, 'Europe/Amsterdam',
        true, CASE WHEN n %% 3 = 0 THEN 4 ELSE 3 END
   FROM generate_series(0, %s) n"""


def measure(*, rounds: int) -> list[Row]:
    (port,) = find_ports(1)
    cast = Cast(
        cpos={party: port for party in CPOS}, emsps={EMSP: port}, pairs=[(party, EMSP) for party in CPOS[:SEEN]]
    )
    with Partners({port: Manner()}), run_hub(cast) as stand:
        seed(stand)
        stand.pin_web()
        pages, pull = _read_all(stand)
        return [
            *_measure_pages(stand, pages, rounds=rounds),
            *_measure_depth(stand, pages, rounds=rounds),
            pull,
        ]


def seed(stand: Stand) -> None:
    documents = [bodies.location(cpo="DE*PXX", id="LOC@", number=0, evses=evses).decode() for evses in (4, 3)]
    began = time.monotonic()
    run(stand, _SEED, *documents, len(CPOS) * LOCATIONS - 1)
    run(stand, "VACUUM ANALYZE locations_location")
    say(f"{len(CPOS) * LOCATIONS:,} locations in {time.monotonic() - began:.0f} s")


def _ask(stand: Stand, target: str) -> bytes:
    return stand.request("GET", f"{LIST}?{target}", sender=EMSP)


def _read_all(stand: Stand) -> tuple[list[str], Row]:
    """Follows the links to the end, as a partner does: the query of each page, and how long it took."""
    expected = SEEN * LOCATIONS // PAGE
    queries = [f"limit={PAGE}"]
    connection = http.client.HTTPConnection("127.0.0.1", stand.port, timeout=60)
    began = time.monotonic()
    objects = 0
    while time.monotonic() - began < PATIENCE:
        connection.request("GET", f"/ocpi/2.2.1/{LIST}?{queries[-1]}", headers=stand.headers(sender=EMSP))
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"HTTP {answer.status}: {body[:200]!r}")
        objects += body.count(b'"address":')
        following = re.match("<(.*?)>", answer.headers.get("Link") or "")
        if following is None:
            break
        queries.append(urlsplit(following.group(1)).query)
        if len(queries) % 50 == 0:
            say(f"page {len(queries)} of {expected} after {time.monotonic() - began:.0f} s")
    connection.close()
    seconds = time.monotonic() - began
    is_whole = objects == SEEN * LOCATIONS
    if not is_whole and seconds < PATIENCE:
        raise RuntimeError(f"{objects} locations were listed, not {SEEN * LOCATIONS}")
    return queries, Row(
        name=f"GET all: full pull of {SEEN * LOCATIONS:,} locations by one client",
        target=90,
        at_most=True,
        unit="s",
        measured=seconds * SEEN * LOCATIONS / objects,
        detail=(f"{len(queries)} pages", "read once" if is_whole else "estimated from those read in time"),
    )


def _measure_pages(stand: Stand, queries: list[str], *, rounds: int) -> list[Row]:
    size = len(_get_body(stand, queries[0]))
    walk = [_ask(stand, query) for query in queries]
    works = {
        "hub, page by page": lambda: _get_rate(stand.port, walk),
        "hub, one page again and again": lambda: _get_rate(stand.port, walk[:1]),
    }
    with ExitStack() as running:
        naive = running.enter_context(_run_naive_list(stand))
        works["DRF"] = lambda: _get_rate(naive, [_make_naive_call()], callers=1, total=2)
        if machine.find_nginx() is not None:
            nginx = running.enter_context(run_nginx(_get_body(stand, query) for query in queries[:FILES]))
            files = [make_request("GET", f"/page{number}.json") for number in range(min(FILES, len(queries)))]
            works["nginx, page by page"] = lambda: _get_rate(nginx, files)
            works["nginx, one page again and again"] = lambda: _get_rate(nginx, files[:1])
        rates = take_turns(works, rounds=rounds)
        costs, _ = cpu.measure(stand, lambda: get_outcome(Load(stand.port, walk[:1], CALLERS, SECONDS)))
    return _make_page_rows(rates, costs, size=size)


def _get_rate(port: int, calls: list[bytes], *, callers: int = CALLERS, total: int | None = None) -> float:
    return get_outcome(Load(port, calls, callers, SECONDS * (1 if total is None else 15), total=total)).rate


def _get_body(stand: Stand, query: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", stand.port, timeout=60)
    connection.request("GET", f"/ocpi/2.2.1/{LIST}?{query}", headers=stand.headers(sender=EMSP))
    body = connection.getresponse().read()
    connection.close()
    return body


@contextmanager
def _run_naive_list(stand: Stand) -> Iterator[int]:
    """With 2,000 locations, which is kind to it."""
    (port,) = find_ports(1)
    answers = dict(answer_page(port, number, make_page(number, evses=4)) for number in range(2))
    with (
        Partners({port: Manner(answers=answers)}),
        run_naive_hub(stand, provider="DE*CPA", consumer=EMSP, target="") as naive,
    ):
        for path in answers:
            pull_naively(stand, f"http://127.0.0.1:{port}{path.decode()}")
        yield naive


def _make_naive_call() -> bytes:
    headers = {"Authorization": "Token " + b64encode(token_of(EMSP).encode()).decode()}
    return make_request("GET", f"/orm/locations?limit={PAGE}", headers=headers)


def _measure_depth(stand: Stand, queries: list[str], *, rounds: int) -> list[Row]:
    total = SEEN * LOCATIONS
    by_offset = [f"limit={PAGE}&offset={total - PAGE * number}" for number in range(1, LOOKS + 1)]
    works = {
        name: lambda pages=pages: _get_latency(stand, pages)
        for name, pages in (
            ("first", queries[:LOOKS]),
            ("last by link", queries[-LOOKS:]),
            ("last by offset", by_offset),
        )
    }
    found = take_turns(works, rounds=rounds)
    return [
        Row(
            name=f"GET all: last page, reached by {how} ÷ first page",
            target=1.5,
            at_most=True,
            measured=found[f"last by {how}"] / found["first"],
            detail=(
                f"the last {LOOKS} pages {found[f'last by {how}']:.1f} ms",
                f"the first {found['first']:.1f} ms, medians, one caller",
            ),
        )
        for how in ("link", "offset")
    ]


def _get_latency(stand: Stand, queries: list[str]) -> float:
    """Milliseconds, one caller alone."""
    outcome = get_outcome(Load(stand.port, [_ask(stand, query) for query in queries], 1, 30.0, total=len(queries)))
    return statistics.median(outcome.latencies) * 1000


def _make_page_rows(rates: dict[str, float], costs: cpu.Costs, *, size: int) -> list[Row]:
    what = "GET all, 1,000 locations a page out of 1,000,000 EVSEs"
    walk, again, drf = rates["hub, page by page"], rates["hub, one page again and again"], rates["DRF"]
    rows = [
        Row(
            name=f"{what} ÷ DRF nested serializers",
            target=80,
            measured=walk / drf,
            detail=(f"hub {walk:,.1f} pages/s", f"DRF {drf:,.2f} pages/s, out of 2,000 locations"),
        )
    ]
    if "nginx, page by page" not in rates:
        say("nginx is not installed: the rows beside it are left out")
        return rows
    files, file = rates["nginx, page by page"], rates["nginx, one page again and again"]
    return [
        Row(
            name=f"{what} ÷ nginx sending the same bytes",
            target=0.15,
            measured=walk / files,
            detail=(
                f"hub {walk:,.1f} pages/s, {CALLERS} callers, each page another",
                f"nginx, {FILES} static files of {size:,} bytes: {files:,.0f}/s",
            ),
        ),
        Row(
            name="GET all, the same page again and again ÷ nginx sending the same bytes",
            target=0.6,
            measured=again / file,
            detail=(
                f"hub {again:,.1f} pages/s, {CALLERS} callers",
                f"nginx, one static file: {file:,.0f}/s",
                f"a page costs {cpu.write(costs)}",
            ),
        ),
        *rows,
    ]
