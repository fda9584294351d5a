"""Another hub as a partner: it announces the parties behind it."""

from __future__ import annotations

from typing import Any

import requests

from tests.live.partner import Partner, get_code

AT = "2026-11-20T10:00:00Z"


def client_info(party: str, role: str, *, status: str = "CONNECTED", last_updated: str = AT) -> dict[str, Any]:
    country_code, party_id = party.split("*")
    named = {"country_code": country_code, "party_id": party_id}
    return named | {"role": role, "status": status, "last_updated": last_updated}


def announce(hub: Partner, party: str, role: str, *, at: str | None = None, **changes: Any) -> requests.Response:
    """PUT of its ClientInfo; `at`: the party of the URL, if it is another."""
    body = client_info(party, role, **changes)
    return hub.call("PUT", "hubclientinfo", (at or party).replace("*", "/"), body=body)


def put_behind(hub: Partner, party: str, role: str, **changes: Any) -> None:
    answer = announce(hub, party, role, **changes)
    assert get_code(answer) == 1000, answer.text
