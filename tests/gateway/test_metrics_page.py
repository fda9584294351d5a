"""/metrics of a running hub: what calls leave there, and that no proxy opens it to the world."""

from __future__ import annotations

from tests.conftest import Cast
from tests.documents import as_json, location_document, token_document


class TestMetricsPage:
    def test_a_proxy_on_the_same_machine_opens_nothing_for_the_world(self, cast: Cast):
        """It is not trusted, so that who asked it cannot be known."""
        assert cast.hub.request("GET", f"{cast.hub.url}/metrics").status_code == 200

        for header in ("X-Forwarded-For", "Forwarded", "X-Forwarded-Proto"):
            answer = cast.hub.request("GET", f"{cast.hub.url}/metrics", headers={header: "127.0.0.1"})
            assert answer.status_code == 401, header

    def test_hold_nothing_of_persons_or_objects(self, cast: Cast):
        body = as_json(token_document(uid="0A1B2C3D4E"))
        cast.emsp.call("PUT", "tokens", "FR/MSP/0A1B2C3D4E", body=body)
        cast.emsp.call("FOO", "invented", "0A1B2C3D4E")
        told = cast.hub.request("GET", f"{cast.hub.url}/metrics").text

        assert "hub_calls_total" in told
        for secret in ("0A1B2C3D4E", cast.emsp.token, "invented", "FOO"):
            assert secret not in told

    def test_counts_calls_in_and_out_and_whose_time_they_took(self, cast: Cast):
        cast.cpo.call("PUT", "locations", "NL/CPO/L1", body=as_json(location_document(id="L1")), to="FR*MSP")
        told = cast.hub.request("GET", f"{cast.hub.url}/metrics").text

        labels = 'module="locations"', 'method="PUT"', 'code="1xxx"'
        for direction in ("in", "out"):
            assert any(
                line.startswith("hub_calls_total")
                and f'direction="{direction}"' in line
                and all(text in line for text in labels)
                for line in told.splitlines()
            ), direction
        platform = f'platform="{cast.emsp.platform.pk}"'
        assert f'hub_partner_requests_total{{end="2xx",{platform}}} 1.0' in told
        assert f"hub_partner_seconds_count{{{platform}}} 1.0" in told
        assert 'hub_facts_confirmed_timestamp_seconds{process="web"}' in told

    def test_counts_a_token_that_is_refused(self, cast: Cast):  # ROUTE-14
        cast.emsp.answer_with(b"", status=401)
        cast.cpo.call("PUT", "locations", "NL/CPO/L1", body=as_json(location_document(id="L1")), to="FR*MSP")
        told = cast.hub.request("GET", f"{cast.hub.url}/metrics").text

        assert f'hub_partner_requests_total{{end="token",platform="{cast.emsp.platform.pk}"}} 1.0' in told
