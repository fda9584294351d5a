"""The specification's own objects travel through the running hub: accepted, stored byte for byte, served back."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.conftest import make_agreement
from tests.examples.test_specification_examples import FOLDER
from tests.live.hub import LiveHub
from tests.live.partner import Partner, get_code

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the specification's example files are not here; OCPI_EXAMPLES names their folder"
)

WRONG = {"tariff_put_example.json": "last_updated"}
MODULES = (
    ("location_example", "locations"),
    ("tariff_", "tariffs"),
    ("token_", "tokens"),
    ("session_example", "sessions"),
)


def get_files() -> list[tuple[str, str]]:
    found = [("cdr_example.json", "cdrs")]
    for path in sorted(FOLDER.glob("*.json")) if FOLDER.is_dir() else []:
        module = next((module for prefix, module in MODULES if path.name.startswith(prefix)), None)
        if module and "patch" not in path.name:
            found.append((path.name, module))
    return found


@pytest.mark.parametrize(("name", "module"), get_files())
def test_travels_unchanged(hub: LiveHub, new_partner: Callable[..., Partner], name: str, module: str):
    body = (FOLDER / name).read_bytes()
    document = json.loads(body)
    owner = f"{document['country_code']}*{document['party_id']}"
    token = document.get("cdr_token") or {"country_code": "FR", "party_id": "MSP"}
    other = f"{token['country_code']}*{token['party_id']}"
    roles = ("EMSP", "CPO") if module == "tokens" else ("CPO", "EMSP")
    pusher, reader = new_partner((owner, roles[0])), new_partner((other, roles[1]))
    make_agreement(owner, str(reader.parties[0]))
    hub.settle()
    key = document.get("uid" if module == "tokens" else "id")
    path = "" if module == "cdrs" else f"{owner.replace('*', '/')}/{key}"

    pushed = pusher.call("POST" if module == "cdrs" else "PUT", module, path, body=body, to="NL*HUB")
    listed = reader.call("GET", module, "?date_from=2000-01-01T00:00:00Z", interface="sender", to="NL*HUB")

    if name in WRONG:
        assert get_code(pushed) == 2001
        assert WRONG[name] in pushed.json()["status_message"]
        assert listed.json()["data"] == []
    else:
        assert get_code(pushed) == 1000, pushed.text
        assert b"[" + body + b"]" in listed.content


def test_the_broken_evse_is_refused_by_its_fields_name(hub: LiveHub, new_partner: Callable[..., Partner]):
    location = json.loads((FOLDER / "location_example.json").read_bytes())
    owner = f"{location['country_code']}*{location['party_id']}"
    pusher = new_partner((owner, "CPO"))
    hub.settle()
    path = f"{owner.replace('*', '/')}/{location['id']}"
    pusher.call("PUT", "locations", path, body=location, to="NL*HUB")
    evse = (FOLDER / "location_put_example_add_evse.json").read_bytes()

    answer = pusher.call("PUT", "locations", f"{path}/{json.loads(evse)['uid']}", body=evse, to="NL*HUB")

    assert get_code(answer) == 2001
    assert "connectors[0]" in answer.json()["status_message"] or "physical_reference" in answer.json()["status_message"]
