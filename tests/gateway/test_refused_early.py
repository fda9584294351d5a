"""Refusals that come before a call is read: too large, no token, facts that cannot be confirmed."""

from __future__ import annotations

import pytest

from ocpi.errors import Overloaded
from tests.conftest import Cast

HUB_TO_CPO = {"to": ("NL", "CPO"), "from": ("NL", "HUB")}


def get_routing(answer) -> dict[str, tuple[str, str]]:
    names = [name for name in ("to", "from") if f"OCPI-{name}-party-id" in answer.headers]
    return {
        name: (answer.headers[f"OCPI-{name}-country-code"], answer.headers[f"OCPI-{name}-party-id"]) for name in names
    }


class TestRefusedEarly:
    def test_are_addressed_to_who_asked(self, cast: Cast, monkeypatch: pytest.MonkeyPatch):  # ROUTE-06
        large = cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=b"x" * (3 << 20), to="NL*HUB")

        def cannot_confirm():
            raise Overloaded("not now")

        monkeypatch.setattr(cast.hub.edge._hub.facts, "get", cannot_confirm)
        unsure = cast.cpo.call("PUT", "locations", "NL/CPO/LOC1", body=b"{}", to="NL*HUB")

        assert (large.status_code, get_routing(large)) == (413, HUB_TO_CPO)
        assert (unsure.status_code, get_routing(unsure)) == (503, HUB_TO_CPO)

    @pytest.mark.parametrize(("method", "path", "status"), [("PUT", "", 405), ("GET", "FR/MSP", 404)])
    def test_those_of_configuration_modules_are_not(self, cast: Cast, method: str, path: str, status: int):  # ROUTE-01
        answer = cast.cpo.call(method, "hubclientinfo", path, interface="sender")

        assert (answer.status_code, get_routing(answer)) == (status, {})

    @pytest.mark.parametrize(("method", "status"), [("GET", 404), ("POST", 404), ("PUT", 405)])
    def test_those_at_a_url_of_the_hubs_making_are(self, cast: Cast, method: str, status: int):  # ROUTE-06
        url = f"{cast.hub.url}/ocpi/2.2.1/alias/nobody-knows"

        answer = cast.cpo.call_url(method, url, body=None if method == "GET" else {})

        assert (answer.status_code, get_routing(answer)) == (status, HUB_TO_CPO)
