"""The headers of an outgoing request. Pure."""

from __future__ import annotations

from ocpi import auth_header
from ocpi.calls import PartyId
from parties.client.peer import Peer


def write_headers(
    peer: Peer,
    *,
    request_id: str,
    correlation_id: str,
    sender: PartyId | None = None,
    receiver: PartyId | None = None,
    has_body: bool = False,
) -> dict[str, str]:
    """Token of the receiving platform (ROUTE-09), message ids (TRANS-37), routing headers in pairs (ROUTE-02).

    Configuration modules leave sender and receiver out: they never carry routing headers (ROUTE-01).
    """
    headers = {
        "Authorization": auth_header.write(peer.token, raw=peer.raw_token),  # TRANS-03
        "X-Request-ID": request_id,
        "X-Correlation-ID": correlation_id,
        "Accept": "application/json",
    }
    if receiver is not None:
        headers["OCPI-to-country-code"] = receiver.country_code
        headers["OCPI-to-party-id"] = receiver.party_id
    if sender is not None:
        headers["OCPI-from-country-code"] = sender.country_code
        headers["OCPI-from-party-id"] = sender.party_id
    if has_body:
        headers["Content-Type"] = "application/json"  # TRANS-08
    return headers
