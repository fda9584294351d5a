"""Whatever a stranger sends, the answer is a refusal in an envelope, and the hub is well afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.documents import as_json, cdr_document, session_document, token_document
from tests.journeys.caller import Answer, Headers, connect, write_chunks, write_ids, write_request, write_token
from tests.journeys.strange_input import (
    CREDENTIALS,
    LOCATION,
    METHODS,
    PATHS,
    PUT_LOCATION,
    QUERIES,
    SPOILED,
    TARGETS,
    spoil,
)
from tests.journeys.strangers import CPO, EMSP, MODULES, Town, build_town, judge


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with build_town() as built:
        yield built


@pytest.fixture(autouse=True)
def _healthy(town: Town) -> Iterator[None]:
    yield
    town.demand_health()


class TestWithoutAToken:
    def test_every_url_says_401(self, town: Town) -> None:
        for path in PATHS:
            for method in ("GET", "PUT"):
                answer = town.ask(method, path, body=b"{}" if method == "PUT" else None)
                assert (answer.status, answer.code) == (401, 2000), path[:100]

    def test_no_made_up_token_opens_anything(self, town: Town) -> None:
        written = [
            b"",
            b"Token",
            b"Token ",
            b"Token =",
            b"Token ====",
            b"Bearer abc",
            b"Basic YTpi",
            b"Token " + b"A" * 50_000,
            b"Token \xff\xfe\x80",
            b"Token AAAA, Token BBBB",
            b"Token " + town.token_a.encode()[:-1],
            b"\xc3\x84 \xc3\x96",
            write_token(b"a\x00b")[1],
            write_token(b"\xed\xa0\x80")[1],
            write_token("' OR 1=1;--")[1],
            write_token("x" * 300)[1],
            write_token(town.tokens[CPO][:-1])[1],
            write_token(town.tokens[CPO].swapcase())[1],
            b"Token " + town.tokens[CPO].encode(),  # right, but not as this platform sends it (TRANS-04)
        ]
        for value in written:
            for path in ("/ocpi/versions", "/ocpi/2.2.1/credentials", "/ocpi/2.2.1/sender/locations"):
                answer = town.ask("GET", path, headers=[("Authorization", value)])
                assert (answer.status, answer.code) == (401, 2000), value[:60]

    def test_token_a_opens_the_registration_only(self, town: Town) -> None:  # TRANS-06
        token = [write_token(town.token_a)]
        inside = ["/ocpi/2.2.1/sender/hubclientinfo", "/ocpi/2.2.1/alias/x"]
        inside += [f"/ocpi/2.2.1/{side}/{module}" for module in MODULES for side in ("sender", "receiver")]

        for path in ("/ocpi/versions", "/ocpi/2.2.1", "/ocpi/2.2.1/credentials"):
            assert town.ask("GET", path, to=None, headers=token).code == 1000
        for path in inside:
            for method in ("GET", "PUT", "PATCH", "POST", "DELETE"):
                answer = town.ask(method, path, headers=token, body=None if method == "GET" else b"{}")
                assert (answer.status, answer.code) == (401, 2000), (method, path)
        for method in ("PUT", "DELETE"):
            assert town.ask(method, "/ocpi/2.2.1/credentials", to=None, headers=token, body=b"{}").status == 405


class TestWithAToken:
    def test_odd_paths_are_answered(self, town: Town) -> None:
        for path in PATHS:
            for method in ("GET", "DELETE"):
                answer = town.ask(method, path, by=CPO)
                assert answer.status < 500
                assert b"root:" not in answer.body

    def test_odd_paths_store_nothing(self, town: Town) -> None:
        for path in PATHS:
            answer = town.ask("PUT", path, by=CPO, body=as_json(LOCATION))
            assert answer.code >= 2000, path[:100]

        assert town.hub.count("SELECT count(*) FROM locations_location WHERE lower(object_id) <> 'loc1'") == 0

    def test_odd_queries_are_answered(self, town: Town) -> None:
        for module in MODULES:
            for query in QUERIES:
                town.ask("GET", f"/ocpi/2.2.1/sender/{module}?{query}", by=EMSP)
        for query in QUERIES:
            town.ask("GET", f"/ocpi/2.2.1/sender/hubclientinfo?{query}", by=EMSP)
            town.ask("GET", f"/ocpi/2.2.1/sender/locations?{query}", by=EMSP, to=CPO)

    @pytest.mark.parametrize("method", METHODS)
    def test_every_method_has_its_answer(self, town: Town, method: str) -> None:
        offered = ("GET", "PUT", "PATCH", "POST", "DELETE")
        paths = ["/ocpi/versions", "/ocpi/2.2.1", "/ocpi/2.2.1/credentials", "/ocpi/2.2.1/sender/hubclientinfo"]
        paths += [f"/ocpi/2.2.1/{side}/{module}" for module in MODULES for side in ("sender", "receiver")]
        for path in paths:
            if path.endswith("credentials") and method == "DELETE":
                continue  # it would be obeyed
            answer = town.ask(method, path, by=CPO, body=b"{}" if method in ("PUT", "PATCH", "POST") else None)
            if method not in offered:
                assert answer.status in (404, 405), path  # 404: a RECEIVER has no URL without an object

    def test_others_are_not_to_be_spoken_for(self, town: Town) -> None:
        theirs = token_document(uid="TOKEN9")
        url = "/ocpi/2.2.1/receiver/tokens/FR/MSP/TOKEN9?type=RFID"

        assert town.ask("PUT", url, by=CPO, body=as_json(theirs)).status in (403, 404)  # TRANS-35
        as_other: Headers = [
            write_token(town.tokens[CPO]),
            ("OCPI-from-country-code", "FR"),
            ("OCPI-from-party-id", "MSP"),
        ]
        assert town.ask("PUT", url, headers=as_other, body=as_json(theirs)).status in (403, 404)
        assert town.ask("GET", url, headers=as_other).status in (403, 404)
        assert town.hub.count("SELECT count(*) FROM tokens_token WHERE object_id = 'TOKEN9'") == 0

    def test_a_receiver_nobody_is_has_its_code(self, town: Town) -> None:
        for to in ("XX*XXX", "nl*Hux"):
            assert town.ask("PUT", PUT_LOCATION, by=CPO, to=to, body=as_json(LOCATION)).code == 4001
        for name, value in (("OCPI-to-country-code", b"\xff\xff"), ("OCPI-to-party-id", b"x" * 9000)):
            town.ask("PUT", PUT_LOCATION, by=CPO, headers=[(name, value)], body=as_json(LOCATION))


class TestBodies:
    @pytest.mark.parametrize("name", SPOILED)
    def test_odd_bodies_are_answered_everywhere(self, town: Town, name: str) -> None:
        for method, path, to, by, document in TARGETS:
            if method == "PATCH":  # of something that is there
                town.ask("PUT", path, by=by, to=to, body=as_json(document))
            town.ask(method, path, by=by, to=to, body=spoil(document, name))
        registration = [write_token(town.token_a)]
        body = spoil(CREDENTIALS, name)
        answer = town.ask("POST", "/ocpi/2.2.1/credentials", to=None, headers=registration, body=body)
        assert answer.code >= 2000

    def test_what_the_media_type_says_does_no_harm(self, town: Town) -> None:
        for kind in (b"", b"text/plain", b"application/xml", b"application/json; charset=utf-16", b"\xff", b"a" * 9000):
            town.ask("PUT", PUT_LOCATION, by=CPO, headers=[("Content-Type", kind)], body=as_json(LOCATION))
        for name, value in (("Content-Encoding", "gzip"), ("Expect", "100-continue"), ("Upgrade", "websocket")):
            town.ask("PUT", PUT_LOCATION, by=CPO, headers=[(name, value)], body=as_json(LOCATION))

    def test_a_body_over_the_limit_is_413_and_not_read(self, town: Town) -> None:
        giant = b'{"x": "' + b"x" * (3 << 20) + b'"}'

        assert town.ask("PUT", PUT_LOCATION, by=CPO, body=giant).status == 413
        assert town.ask("PUT", PUT_LOCATION, by=CPO, body=giant, chunk=65536).status == 413
        assert town.ask("PUT", PUT_LOCATION, body=giant).status == 401  # not even looked at

    def test_a_body_in_chunks_is_a_body(self, town: Town) -> None:
        assert town.ask("PUT", PUT_LOCATION, by=CPO, body=as_json(LOCATION), chunk=7).code == 1000

    def test_whole_objects_still_pass(self, town: Town) -> None:
        session, cdr = session_document(), cdr_document()

        assert town.ask("PUT", PUT_LOCATION, by=CPO, body=as_json(LOCATION)).code == 1000
        assert (
            town.ask("PUT", "/ocpi/2.2.1/receiver/sessions/NL/CPO/S1", by=CPO, to=EMSP, body=as_json(session)).code
            == 1000
        )
        assert town.ask("POST", "/ocpi/2.2.1/receiver/cdrs", by=CPO, to=EMSP, body=as_json(cdr)).code == 1000
        own = town.ask("GET", PUT_LOCATION, by=CPO).envelope["data"]
        assert own == json.loads(as_json(LOCATION))


class TestHttp:
    def test_ids_come_back_whatever_they_are(self, town: Town) -> None:  # TRANS-37
        for value in (b"x" * 10_000, b"\xff\xfe\x80", "f\u00e4\u00df".encode(), b'"<>&', b"a, b; c=d"):
            ids = [("X-Request-ID", value), ("X-Correlation-ID", value[::-1])]
            for path, by in ((PUT_LOCATION, CPO), ("/ocpi/versions", None)):
                answer = town.ask("PUT", path, by=by, headers=ids, body=as_json(LOCATION))
                judge(answer, ids=ids)
        assert b"x-request-id" not in town.ask("GET", "/ocpi/versions").body

    def test_forwarding_headers_and_hosts_of_strangers_are_not_believed(self, town: Town) -> None:
        names = ("Host", "X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Original-URL")
        for name in names:
            for value in (b"evil.example", b"\xff", b"a" * 9000, b"::1", b"../../x"):
                answer = town.ask("GET", "/ocpi/2.2.1", by=CPO, headers=[(name, value)])
                urls = [endpoint["url"] for endpoint in answer.envelope["data"]["endpoints"]]
                assert all(url.startswith(f"{town.hub.url}/ocpi/") for url in urls)

    def test_requests_in_a_row_are_answered_in_their_order(self, town: Town) -> None:
        asked = []
        for number in range(30):
            ids = write_ids()
            by = [write_token(town.tokens[CPO])] if number % 3 else []
            body = as_json(LOCATION) if number % 2 else None
            asked.append((ids, write_request("PUT" if body else "GET", PUT_LOCATION, headers=[*ids, *by], body=body)))
        with connect(town.hub.port) as connection:
            connection.send(b"".join(request for _, request in asked))
            for number, (ids, _) in enumerate(asked):
                answer = connection.read()
                assert answer is not None, f"the hub stopped after {number} answers"
                judge(answer, ids=ids)

    def test_slow_callers_hold_up_nobody(self, town: Town) -> None:
        body, head = self._split_request(town)
        with connect(town.hub.port) as slow, connect(town.hub.port) as slower:
            slow.send(head + body[:10])
            slower.send(head[:40])
            for _ in range(5):
                assert town.ask("GET", "/ocpi/versions", by=CPO).code == 1000
            slow.send(body[10:])
            slower.send(head[40:] + body)
            for connection in (slow, slower):
                answer = connection.read()
                assert answer is not None
                assert judge(answer).code == 1000

    def test_who_says_no_more_is_still_answered(self, town: Town) -> None:
        body, head = self._split_request(town)
        with connect(town.hub.port) as connection:
            connection.send(head + body)
            connection.finish_sending()
            answer = connection.read()
        assert answer is None or judge(answer).code == 1000  # HTTP leaves it to the server

    def test_who_leaves_in_the_middle_leaves_nothing(self, town: Town) -> None:
        whole = write_request("PUT", PUT_LOCATION, headers=[write_token(town.tokens[CPO])], body=as_json(LOCATION))
        chunked = write_request("PUT", PUT_LOCATION, headers=[write_token(town.tokens[CPO])], body=b"", chunk=1)
        for data in (whole[:-5], whole[:60], chunked.replace(b"0\r\n\r\n", b"ff\r\nxx"), b"", b"\x16\x03\x01"):
            with connect(town.hub.port) as connection:
                connection.send(data)
        with connect(town.hub.port) as connection:  # half closed in the middle of its body
            connection.send(whole[:-5])
            connection.finish_sending()
            assert connection.read() is None

    def test_what_is_no_http_gets_no_500(self, town: Town) -> None:
        token = write_token(town.tokens[CPO])
        chunks = write_chunks(b"{}", size=1)
        unsound = [
            b"\x00" * 1000,
            b"GET\r\n\r\n",
            b"GET /ocpi/versions\r\n\r\n",
            b"GET /ocpi/versions HTTP/9.9\r\nHost: hub\r\n\r\n",
            b"GET /ocpi/versions HTTP/1.1\r\nHost: hub\r\nContent-Length: -1\r\n\r\n",
            b"GET /ocpi/versions HTTP/1.1\r\nHost: hub\r\nX: \x00\r\n\r\n",
            b"GET /ocpi/ver sions HTTP/1.1\r\nHost: hub\r\n\r\n",
            b"GET /ocpi/\xff HTTP/1.1\r\nHost: hub\r\n\r\n",
            b"GET http://evil.example/ocpi/versions HTTP/1.1\r\nHost: hub\r\n\r\n",
            b"GET /ocpi/versions HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
            b"M" * 300 + b" /ocpi/versions HTTP/1.1\r\nHost: hub\r\n\r\n",
            write_request("PUT", PUT_LOCATION, headers=[token, ("Transfer-Encoding", "chunked")], body=b"{}") + chunks,
            write_request("PUT", PUT_LOCATION, headers=[token, ("Content-Length", "9")], body=b"{}"),
            write_request("PUT", PUT_LOCATION, headers=[token, ("Transfer-Encoding", "gzip, chunked")]) + chunks,
        ]
        for data in unsound:
            answer = self._tell(town, data)
            assert answer is None or answer.status < 500, data[:80]

    def _tell(self, town: Town, data: bytes) -> Answer | None:
        with connect(town.hub.port) as connection:
            connection.send(data)
            connection.finish_sending()
            return connection.read()

    def _split_request(self, town: Town) -> tuple[bytes, bytes]:
        """The body of a sound request, and what comes before it."""
        body = as_json(LOCATION)
        request = write_request("PUT", PUT_LOCATION, headers=[write_token(town.tokens[CPO])], body=body)
        return body, request[: -len(body)]
