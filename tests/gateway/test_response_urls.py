"""Which response_url the hub takes (CMD-04, decision 7). How it is used is in tests/commands."""

from __future__ import annotations

import pytest

from gateway.response_urls import check_response_url
from ocpi.calls import Interface
from ocpi.errors import InvalidParameter
from parties.egress import Egress
from routing.network import PlatformFacts

ASKING = PlatformFacts(
    id=1,
    name="MSA",
    endpoints={("commands", Interface.SENDER): "https://ocpi.msa.example/commands", ("x", Interface.SENDER): "//"},
    versions_url="https://www.msa.example/versions",
)
INSIDE = PlatformFacts(id=2, name="inside", versions_url="https://10.0.0.1/versions")


class TestCheckResponseUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "https://ocpi.msa.example/results/1?a=b",
            "https://OCPI.msa.example:8443/results/1",
            "https://www.msa.example/results/1",
            "https://ocpi.msa.example/" + "x" * 230,
        ],
    )
    def test_takes_the_platforms_own_hosts(self, url):
        check_response_url(url, asking=ASKING, egress=Egress())

    @pytest.mark.parametrize(
        ("url", "why"),
        [
            ("", "not allowed"),
            ("/results/1", "not allowed"),
            ("results", "not allowed"),
            ("ftp://ocpi.msa.example/1", "not allowed"),
            ("http://ocpi.msa.example/1", "https is demanded"),
            ("https://user@ocpi.msa.example/1", "user name"),
            ("https://ocpi.msa.example/ 1", "blanks"),
            ("https://", "no host"),
            ("https://elsewhere.example/1", "none of the hosts"),
            ("https://ocpi.msa.example.elsewhere.example/1", "none of the hosts"),
            ("https://ocpi.msa.example/" + "x" * 231, "longer than 255"),
        ],
    )
    def test_refuses_all_others(self, url, why):
        with pytest.raises(InvalidParameter, match=why):
            check_response_url(url, asking=ASKING, egress=Egress())

    def test_refuses_an_internal_address_even_of_the_platform(self):  # CRED-25
        with pytest.raises(InvalidParameter, match="internal"):
            check_response_url("https://10.0.0.1/1", asking=INSIDE, egress=Egress())
