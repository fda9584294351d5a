from __future__ import annotations

import base64

import pytest

from ocpi import auth_header, envelope
from ocpi.calls import Call, Interface, PartyId, Reply
from ocpi.errors import InvalidParameter, MethodNotAllowed, UnknownObject
from ocpi.links import find_next, is_same_origin
from ocpi.module import Module, Route
from ocpi.pages import read_page_query, write_page_headers


class TestPartyId:
    def test_compares_without_case_and_keeps_how_it_was_written(self):  # TRANS-40
        assert PartyId("nl", "cPo") == PartyId("NL", "CPO")
        assert str(PartyId("nl", "cPo")) == "nl*cPo"

    @pytest.mark.parametrize("text", ["NL*CPO", "NL-CPO", "NLCPO", " nl/cpo "])
    def test_reads_the_usual_spellings(self, text):
        assert PartyId.of_text(text) == PartyId("NL", "CPO")

    @pytest.mark.parametrize("text", ["", "NL", "NL*", "N1*CPO", "NL*CPOX", "NL*C O", "NL*ÄBC"])
    def test_refuses_what_is_no_party(self, text):
        with pytest.raises(ValueError, match="not a party"):
            PartyId.of_text(text)


class TestAuthHeader:
    def test_writes_padded_base64_of_the_token(self):  # TRANS-03
        assert auth_header.write("tok~1") == "Token dG9rfjE="
        assert auth_header.write("tok~1", raw=True) == "Token tok~1"

    def test_drops_a_line_break_inside_the_encoded_token(self):  # TRANS-05
        assert auth_header.read("Token " + base64.b64encode(b"tok\n").decode())[0] == "tok"

    @pytest.mark.parametrize("value", [None, "", "Token", "Token ", "Bearer dG9r", "dG9r"])
    def test_finds_nothing_where_there_is_no_token(self, value):
        assert auth_header.read(value) == (None, None)

    def test_gives_the_raw_token_beside_the_decoded_one(self):  # TRANS-04
        assert auth_header.read("Token not+base64!") == (None, "not+base64!")


class TestEnvelope:
    @pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"data":1}', b"\xff", b'"x"', b'{"status_code":"x"}'])
    def test_is_none_where_the_peer_sent_none(self, body):  # ROUTE-14
        assert envelope.read(body) is None

    @pytest.mark.parametrize("data", [b"null", b'"x"', b"[1]", b'{"a":1}'])
    def test_copes_with_any_data(self, data):  # TRANS-50
        told = envelope.read(b'{"status_code":2001,"data":' + data + b"}")

        assert told is not None
        assert told.status_code == 2001


class TestReply:
    @pytest.mark.parametrize(
        ("http", "code", "good"), [(200, 1000, True), (201, 1999, True), (200, 2001, False), (404, 1000, False)]
    )
    def test_succeeds_only_on_both_layers(self, http, code, good):  # AMB-03
        assert Reply(http_status=http, status_code=code).is_success is good


class TestLinks:
    @pytest.mark.parametrize(
        "value",
        [
            '<https://a/x?o=1>; rel="next"',
            "<https://a/x?o=1>;rel=next",
            '<https://a/x?o=1>; title="a, b"; REL="prev next"',
            '<https://a/first>; rel="first", <https://a/x?o=1>; rel="next"',
        ],
    )
    def test_finds_the_next_page_in_any_spelling(self, value):
        assert find_next(value, base="https://a/y") == "https://a/x?o=1"

    @pytest.mark.parametrize("value", [None, "", '<https://a>; rel="last"', "https://a; rel=next", "<https://a>"])
    def test_finds_none(self, value):
        assert find_next(value, base="https://a/y") is None

    def test_reads_it_as_seen_from_its_page(self):
        assert find_next('<?offset=2>; rel="next"', base="https://a/x?offset=1") == "https://a/x?offset=2"

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("https://a.example/x", "https://a.example"),
            ("https://a.example:443/x", "https://a.example/y"),
            ("http://a.example/x", "http://a.example:80/y"),
            ("HTTPS://A.Example/x", "https://a.example/x"),
            ("https://a.example:8443/x", "https://A.example:8443/y"),
        ],
    )
    def test_knows_the_same_host_in_any_spelling(self, one, other):  # RFC 3986, 6.2
        assert is_same_origin(one, other)

    @pytest.mark.parametrize(
        "url",
        [
            "http://a.example/x",
            "https://b.example/x",
            "https://a.example:80/x",
            "https://a.example:8443/x",
            "https://a.example.b.example/x",
            "https://a.example@b.example/x",
            "https://user@a.example/x",
            "https://@a.example/x",
            r"https://b.example\@a.example/x",
            "https://[/x",
            "https://a.example:x/",
            "/x",
            "",
        ],
    )
    def test_takes_no_other_for_it(self, url):  # decision 7
        assert not is_same_origin(url, "https://a.example/x")


class TestPages:
    @pytest.mark.parametrize(
        "query", ["limit=abc", "limit=-1", "limit=0", "offset=-1", "offset=1.5", "date_from=yesterday", "limit=١"]
    )
    def test_refuses_what_cannot_be_read(self, query):  # TRANS-24
        with pytest.raises(InvalidParameter, match=query.split("=")[0]):
            read_page_query(query, cap=100)

    def test_caps_the_limit(self):  # TRANS-21
        assert read_page_query("limit=2000", cap=100).limit == 100
        assert read_page_query("limit=10", cap=100).limit == 10

    def test_repeats_filters_and_limit_in_the_link(self):  # TRANS-22
        page = read_page_query("date_from=2026-11-20T10:00:00%2B01:00&limit=2&offset=4", cap=100)

        headers = dict(write_page_headers(page, url="https://hub/x", total=9, has_more=True, last_id=77))

        assert (
            headers["Link"]
            == '<https://hub/x?date_from=2026-11-20T10%3A00%3A00%2B01%3A00&limit=2&after=77>; rel="next"'
        )
        assert headers["X-Total-Count"] == "9"

    def test_has_no_link_on_the_last_page(self):
        page = read_page_query("", cap=100)

        assert "Link" not in dict(write_page_headers(page, url="u", total=1, has_more=False, last_id=1))


class Things(Module):
    id = "things"
    routes = (
        Route(interface=Interface.RECEIVER, pattern="{country_code}/{party_id}/{thing_id}", methods=("PUT", "GET")),
        Route(interface=Interface.SENDER, pattern="", methods=("GET",)),
        Route(interface=Interface.SENDER, pattern="{thing_id}/prefs", methods=("PUT",)),
    )


def call(method: str, *path: str, interface: Interface = Interface.RECEIVER) -> Call:
    return Call(module="things", interface=interface, method=method, path=path)


class TestModule:
    def test_reads_the_path(self):
        match = Things().match(call("PUT", "NL", "CPO", "T1"))

        assert match.owner == PartyId("NL", "CPO")
        assert match["thing_id"] == "T1"
        assert Things().get_log_id(match) == "T1"

    def test_names_the_methods_there_are(self):  # TRANS-36
        with pytest.raises(MethodNotAllowed) as refused:
            Things().match(call("DELETE", "NL", "CPO", "T1"))

        assert refused.value.headers == (("Allow", "GET, PUT"),)

    @pytest.mark.parametrize("path", [("NL",), ("NL", "CPO", ""), ("NL", "CPO", "T1", "deeper")])
    def test_knows_no_other_url(self, path):
        with pytest.raises(UnknownObject):
            Things().match(call("GET", *path))

    @pytest.mark.parametrize(
        "id", ["..", ".", "../x", "a/../../x", "..\\x", "%2e%2e", "..%2fx", "a%5C..", "..;v=1", "..;/x"]
    )
    def test_takes_no_step_elsewhere_for_an_id(self, id: str):
        with pytest.raises(UnknownObject):
            Things().match(call("GET", "NL", "CPO", id))

    @pytest.mark.parametrize("id", ["...", ".T1", "T1.", "T..1", "a/b", "%", "100%25", "T1;v=1", "DE*ABC*E1.2"])
    def test_takes_what_only_looks_like_one(self, id: str):
        assert Things().match(call("GET", "NL", "CPO", id))["thing_id"] == id

    def test_keeps_literal_segments_apart(self):
        assert Things().match(call("PUT", "1", "prefs", interface=Interface.SENDER))["thing_id"] == "1"
        with pytest.raises(UnknownObject):
            Things().match(call("PUT", "1", "other", interface=Interface.SENDER))
