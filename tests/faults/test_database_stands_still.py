"""PostgreSQL takes everything and answers nothing: people and partners are told so, and all goes on when it does."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.faults.hubs import FaultHub, run_faulty_hub

LONG = 60.0  # seconds: a machine with other work needs them; without what protects, nothing comes at all


@contextmanager
def standing_still(hub: FaultHub) -> Iterator[None]:
    """The server and each of its sessions, which are groups of their own."""
    server = hub.stack.processes["postgres"]
    children = Path(f"/proc/{server}/task/{server}/children").read_text()
    all_of_it = [server, *map(int, children.split())]
    for pid in all_of_it:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(all_of_it):
            os.kill(pid, signal.SIGCONT)


class TestDatabaseStandsStill:
    def test_nobody_waits_for_it_without_end(self) -> None:
        with run_faulty_hub() as hub, requests.Session() as http:
            http.trust_env = False
            staff = {"Authorization": f"Bearer {hub.staff_token}"}

            def get(path: str, **headers: str) -> requests.Response:
                return http.get(f"{hub.url}{path}", headers=headers, timeout=LONG)

            assert get("/api/platforms/", **staff).status_code == 200
            with standing_still(hub):
                api, page = get("/api/platforms/", **staff), get("/admin/", Cookie=f"sessionid={'x' * 32}")
                ocpi = get("/ocpi/versions", Authorization="Token bm9uZQ==")
                metrics = get("/metrics")

            hub.wait_until("pages are there again", lambda: get("/api/platforms/", **staff).status_code == 200)

        assert (api.status_code, page.status_code, ocpi.status_code) == (503, 503, 503)
        assert api.json()["detail"] == "The database does not answer."
        assert "The database does not answer." in page.text
        assert "hub_database_up 0.0" in metrics.text
