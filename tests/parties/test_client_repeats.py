"""What both clients send again when a connection breaks, and what they know of what was sent."""

from __future__ import annotations

import socket
import threading

import pytest

from parties.client import PeerUnreachable
from tests.parties.calling import Call, hang_up
from tests.parties.http_peer import Handler, serve


class TestRepeats:
    def test_know_that_nothing_was_sent_without_a_connection(self, call: Call) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))  # bound, not listening: refused
            with pytest.raises(PeerUnreachable) as failure:
                call(f"http://127.0.0.1:{free.getsockname()[1]}/", method="POST", body=b"{}")

        assert failure.value.before_send

    @pytest.mark.parametrize("method", ["POST", "PATCH"])
    def test_never_repeat_what_may_have_been_processed(self, call: Call, method: str) -> None:
        with serve(hang_up) as peer, pytest.raises(PeerUnreachable) as failure:
            call(peer.url, method=method, body=b"{}")

        assert len(peer.seen) == 1
        assert not failure.value.before_send

    def test_know_that_the_first_of_two_attempts_may_have_arrived(self, call: Call) -> None:
        """The server is gone when it is asked again."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            def take_one() -> None:
                taken, _ = server.accept()
                server.close()
                taken.recv(65536)
                taken.close()

            taker = threading.Thread(target=take_one)
            taker.start()
            with pytest.raises(PeerUnreachable) as failure:
                call(f"http://127.0.0.1:{port}/", method="PUT", body=b"{}")
            taker.join()

        assert not failure.value.before_send

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_repeat_once_what_means_the_same_twice(self, call: Call, method: str) -> None:
        def fail_first(handler: Handler) -> None:
            hang_up(handler) if len(peer.seen) == 1 else handler.answer(b"ok")

        with serve(fail_first) as peer:
            assert call(peer.url, method=method).body == b"ok"

        with serve(hang_up) as peer:
            with pytest.raises(PeerUnreachable) as failure:
                call(peer.url, method=method)
            assert len(peer.seen) == 2
            assert not failure.value.before_send
