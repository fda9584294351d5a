"""Rows about the hub as client: a list of 10,000 locations in pages of 1,000, read from a CPO into the store."""

from __future__ import annotations

import time

from benchmarks import bodies, cpu
from benchmarks.catalogue import COLUMNS, COPY, clear, make_copy, run
from benchmarks.partner import Manner, Partners
from benchmarks.rows import Row, take_turns
from benchmarks.seed import Cast
from benchmarks.stand import Stand, find_ports, run_hub
from benchmarks.yardsticks.run import pull_naively, run_naive_hub

CPO, EMSP = "DE*CPA", "NL*MSA"
PAGES, PAGE = 10, 1000
PATH = "/2.2.1/sender/locations"
ASKED = (100, 250, 500)  # objects a page that the hub may ask for; it gets pages of 1,000 all the same
_SPLIT = f"""INSERT INTO {COPY} ({COLUMNS})
 SELECT 'decpa', lower(e->>'id'), '', e->>'id', '2.2.1', e::text, (e->>'last_updated')::timestamptz, true, '',
        now(), now(), '', e->>'country', e->>'city', (e->'coordinates'->>'latitude')::numeric,
        (e->'coordinates'->>'longitude')::numeric, e->>'time_zone', (e->>'publish')::boolean,
        json_array_length(e->'evses')
   FROM json_array_elements(%s::json) e"""

_ASK = """INSERT INTO journal_pullrequest (platform, party, module, is_full, reason, requested_at, due_at, state, fence,
        attempts, pages, objects_read, stored, unchanged, "foreign", invalid, removed, last_error)
 SELECT id, 'decpa', 'locations', true, 'STAFF', now(), now(), 'WAITING', 0, 0, 0, 0, 0, 0, 0, 0, 0, ''
   FROM parties_platform WHERE name = %s"""
_LOOK = "SELECT state, stored, extract(epoch FROM finished_at - started_at), last_error FROM journal_pullrequest"


def measure(*, rounds: int) -> list[Row]:
    """The CPO has an agreement, but its partner has none on locations: nothing is told on meanwhile."""
    (port,) = find_ports(1)
    pages = [make_page(number) for number in range(PAGES)]
    answers = dict(answer_page(port, number, page) for number, page in enumerate(pages))
    first = answers[f"{PATH}?limit={PAGE}".encode()]
    manner = Manner(answers=answers | {f"{PATH}?limit={limit}".encode(): first for limit in ASKED})
    target = f"http://127.0.0.1:{port}"
    with (
        Partners({port: manner}),
        run_hub(Cast(cpos={CPO: port}, emsps={})) as stand,
        run_naive_hub(stand, provider=CPO, consumer=EMSP, target=target),
    ):
        make_copy(stand)
        rates = take_turns(
            {
                "hub": lambda: _pull(stand),
                "PostgreSQL": lambda: _split(stand, pages),
                "ORM": lambda: PAGE / pull_naively(stand, f"{target}{PATH}?limit={PAGE}"),
            },
            rounds=rounds,
        )
        spent, _ = cpu.look(stand, lambda: _pull(stand))
    return _make_rows(rates, cpu.spread(spent, over=PAGES * PAGE))


def make_page(number: int, *, evses: int = 10) -> bytes:
    numbers = range(number * PAGE, (number + 1) * PAGE)
    return b"[" + b",".join(bodies.location(cpo=CPO, id=f"LOC{n}", number=n, evses=evses) for n in numbers) + b"]"


def answer_page(port: int, number: int, page: bytes) -> tuple[bytes, bytes]:
    """(path and query, HTTP answer)"""
    query = f"?limit={PAGE}" + (f"&offset={number * PAGE}" if number else "")
    body = b'{"data":' + page + b',"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}'
    following = f"http://127.0.0.1:{port}{PATH}?limit={PAGE}&offset={(number + 1) * PAGE}"
    link = f'Link: <{following}>; rel="next"\r\n' if number + 1 < PAGES else ""
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Total-Count: {PAGES * PAGE}\r\nX-Limit: {PAGE}\r\n"
        f"{link}Content-Length: {len(body)}\r\n\r\n"
    )
    return f"{PATH}{query}".encode(), head.encode() + body


def _pull(stand: Stand) -> float:
    """Objects per second, from the worker's first request until the last page is stored and the list settled."""
    clear(stand, "locations_location", "journal_pullrequest", "journal_pullseen")
    with stand.connect() as connection, connection.cursor() as cursor:
        cursor.execute(_ASK, [f"Platform {CPO} CPO"])
        end = time.monotonic() + 120
        while time.monotonic() < end:
            time.sleep(0.2)
            cursor.execute(_LOOK)
            state, stored, seconds, error = cursor.fetchone()
            if state == "DONE" and stored == PAGES * PAGE:
                return float(stored / float(seconds))
            if error or state in ("DONE", "FAILED"):
                raise RuntimeError(f"the pull ended as {state} with {stored} stored: {error}")
    raise RuntimeError("the pull did not end")


def _split(stand: Stand, pages: list[bytes]) -> float:
    """A transaction per page; nothing is validated, nothing compared with what is there, nobody told."""
    clear(stand, COPY)
    texts = [page.decode() for page in pages]
    began = time.perf_counter()
    for text in texts:
        run(stand, _SPLIT, text)
    seconds = time.perf_counter() - began
    return PAGES * PAGE / seconds


def _make_rows(rates: dict[str, float], costs: cpu.Costs) -> list[Row]:
    what = "pull from a CPO, pages of 1,000 locations of 4 kB, into the store, objects/s"
    hub, split, orm = rates["hub"], rates["PostgreSQL"], rates["ORM"]
    return [
        Row(
            name=f"{what} ÷ PostgreSQL's own unvalidated array insert",
            target=0.8,
            next_target=1.0,
            measured=hub / split,
            detail=(
                f"hub {hub:,.0f}/s",
                f"INSERT … SELECT FROM json_array_elements {split:,.0f}/s",
                f"an object costs {cpu.write(costs)}",
            ),
        ),
        Row(
            name=f"{what} ÷ DRF and ORM",
            target=40,
            measured=hub / orm,
            detail=(
                f"hub {hub:,.0f}/s",
                f"nested serializers, bulk_create {orm:,.0f}/s",
                f"PostgreSQL's own insert is {split / orm:.1f} times that",
            ),
        ),
    ]
