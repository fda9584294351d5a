"""The credentials handshake, both directions: Token A opens it, B and C are exchanged, A is dead afterwards."""

from __future__ import annotations

import secrets
from typing import Any

from simulator.client import Client, demand
from simulator.errors import PeerError, Refusal, build_not_allowed, build_wrong
from simulator.request import Answer, Request
from simulator.state import VERSION, State


async def register(state: State, client: Client, *, versions_url: str, token_a: str) -> dict[str, Any]:
    """As sender: Token B works before the POST is sent, because the peer calls back meanwhile (CRED-10).

    The POST is never repeated: if its outcome is unclear, Token A may be used up and a new one is needed.

    Raises:
        PeerError: no registration came about; nothing of the attempt stays.
    """
    connection = state.connection
    endpoints = await _fetch_endpoints(client, versions_url, token=token_a)
    token_b = secrets.token_urlsafe(32)
    connection.accepted.add(token_b)
    try:
        reply = await client.call(
            "POST",
            endpoints["credentials", ""],
            module="credentials",
            token=token_a,
            body=state.build_credentials(token_b),
            repeatable=False,
        )
        credentials = demand(reply, "registration")
    except PeerError:
        connection.accepted.discard(token_b)
        raise
    _connect(state, credentials, endpoints=endpoints, accepted=token_b)
    return {"peer": credentials["roles"], "endpoints": len(endpoints) - 1}


async def rotate(state: State, client: Client) -> None:
    """PUT new credentials (CRED-26): the own new token works already during the call."""
    connection, token = state.connection, secrets.token_urlsafe(32)
    endpoints = await _fetch_endpoints(client, connection.versions_url, token=connection.token_out)
    connection.accepted.add(token)
    url = endpoints["credentials", ""]
    body = state.build_credentials(token)
    reply = await client.call("PUT", url, module="credentials", body=body, repeatable=False)
    _connect(state, demand(reply, "new credentials"), endpoints=endpoints, accepted=token)


async def unregister(state: State, client: Client) -> None:
    """DELETE at the peer, then silence (CRED-15)."""
    connection = state.connection
    url = connection.endpoints["credentials", ""]
    demand(await client.call("DELETE", url, module="credentials", repeatable=False), "unregistration")
    _disconnect(state)


async def handle_credentials(request: Request, state: State, client: Client) -> Answer:
    """As receiver. CRED-05, CRED-13: POST only before, PUT and DELETE only after the registration."""
    is_new = request.token == state.connection.token_a
    match request.method:
        case "GET":
            return Answer(data=state.build_credentials(request.token))
        case "POST" if is_new:
            return await _take_over(request, state, client)
        case "PUT" if not is_new:
            return await _take_over(request, state, client)
        case "DELETE" if not is_new:
            _disconnect(state)
            return Answer()
    raise build_not_allowed("GET, POST" if is_new else "GET, PUT, DELETE")


async def _take_over(request: Request, state: State, client: Client) -> Answer:
    """CRED-03: the peer's endpoints are fetched with its new token before the answer is given."""
    credentials = request.read_object()
    for name in ("token", "url", "roles"):
        if not credentials.get(name):
            raise build_wrong(f"{name} is missing")
    try:
        endpoints = await _fetch_endpoints(client, credentials["url"], token=credentials["token"])
    except PeerError as e:
        raise Refusal(200, 3001, f"your versions could not be read: {e}") from e
    token_c = secrets.token_urlsafe(32)
    _connect(state, credentials, endpoints=endpoints, accepted=token_c)
    return Answer(data=state.build_credentials(token_c))


async def _fetch_endpoints(client: Client, versions_url: str, *, token: str) -> dict[tuple[str, str], str]:
    """Versions, then the details of ours. The role of the credentials entry is ignored (VERS-05)."""
    versions = demand(await client.call("GET", versions_url, module="versions", token=token), "versions")
    url = next((one["url"] for one in versions if one["version"] == VERSION), None)
    if url is None:
        raise PeerError(f"the peer does not speak {VERSION}")
    details = demand(await client.call("GET", url, module="versions", token=token), "version details")
    endpoints = {(one["identifier"], one["role"]): one["url"] for one in details["endpoints"]}
    for (module, _), found in list(endpoints.items()):
        if module == "credentials":
            endpoints[module, ""] = found
    if ("credentials", "") not in endpoints:
        raise PeerError("the peer lists no credentials endpoint")
    return endpoints | {("versions", ""): versions_url}


def _connect(
    state: State, credentials: dict[str, Any], *, endpoints: dict[tuple[str, str], str], accepted: str
) -> None:
    connection = state.connection
    connection.accepted = {accepted}
    connection.token_a = None
    connection.token_out = credentials["token"]
    connection.versions_url = credentials["url"]
    connection.roles = credentials["roles"]
    connection.endpoints = endpoints
    connection.registered = True


def _disconnect(state: State) -> None:
    connection = state.connection
    connection.accepted, connection.token_out, connection.registered = set(), "", False
    connection.endpoints, connection.roles = {}, []
