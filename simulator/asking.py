"""An eMSP asks: commands and charging profiles, each with a response_url of its own under which the result is kept."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from simulator.client import Client
from simulator.errors import PeerError, UnclearOutcome
from simulator.state import State
from simulator.store import Document


async def send_command(
    state: State, client: Client, *, party: str, to: str | None, command: str, body: Document
) -> Document:
    """Once: a command is not repeated (CMD-19). If its answer is lost, its result may come all the same."""
    asked = _begin(state, "commands")
    url = f"{_get_endpoint(state, 'commands')}/{command}"
    sent = {"response_url": asked["response_url"], **body}
    return await _send(client, asked, "POST", url, module="commands", party=party, to=to, body=sent)


async def send_profile_request(
    state: State, client: Client, *, method: str, party: str, to: str | None, session_id: str, profile: Document | None
) -> Document:
    """PUT, GET or DELETE; the URL stands in the body or in the query (CP-01)."""
    asked = _begin(state, "chargingprofiles")
    url = f"{_get_endpoint(state, 'chargingprofiles')}/{session_id}"
    body = None
    if method == "PUT":
        body = {"charging_profile": profile, "response_url": asked["response_url"]}
    else:
        duration = {"duration": "900"} if method == "GET" else {}
        url += "?" + urlencode(duration | {"response_url": asked["response_url"]})
    return await _send(client, asked, method, url, module="chargingprofiles", party=party, to=to, body=body)


def pick_token(state: State, party: str) -> Document:
    return next(iter(state.own_of(party, "tokens")))


def pick_evse(state: State, party: str, *, owner: str) -> tuple[str, str, str]:
    """Location, EVSE and connector of another party, as this one knows them."""
    for key, location in state.received_by(party, "locations").items():
        if key.startswith(f"{owner}/"):
            evse = location["evses"][-1]
            return location["id"], evse["uid"], evse["connectors"][0]["id"]
    raise PeerError(f"{party} knows no location of {owner}")


def _begin(state: State, module: str) -> dict[str, Any]:
    asked_id = uuid.uuid4().hex
    asked = {"id": asked_id, "response_url": f"{state.build_url(module, 'SENDER')}/{asked_id}", "results": []}
    state.asked[asked_id] = asked
    return asked


async def _send(client: Client, asked: Document, method: str, url: str, **call: Any) -> Document:
    ends = {"module": call["module"], "sender": call["party"], "receiver": call["to"]}
    try:
        reply = await client.call(method, url, body=call["body"], repeatable=False, **ends)
    except UnclearOutcome:
        return asked | {"answer": None}
    return asked | {"answer": {"status_code": reply.status_code, "data": reply.data, "message": reply.message}}


def _get_endpoint(state: State, module: str) -> str:
    endpoint = state.connection.endpoints.get((module, "RECEIVER"))
    if endpoint is None:
        raise PeerError(f"the peer offers no {module} RECEIVER")
    return endpoint
