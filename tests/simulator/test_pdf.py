from __future__ import annotations

import zlib

from simulator.pdf import holds, is_pdf


def wrap(content: bytes) -> bytes:
    return b"%PDF-1.7\n1 0 obj\n<<>>\nstream\n" + content + b"\nendstream\nendobj\n"


class TestHolds:
    def test_finds_a_name_in_clear_and_in_compressed_objects(self) -> None:
        assert holds(b"%PDF-1.7 (factur-x.xml)", "factur-x.xml")
        assert holds(wrap(zlib.compress(b"<</F (factur-x.xml)>>")), "factur-x.xml")
        assert holds(wrap(zlib.compress("factur-x.xml".encode("utf-16-be"))), "factur-x.xml")

    def test_does_not_find_what_is_not_there(self) -> None:
        assert not holds(wrap(zlib.compress(b"nothing")), "factur-x.xml")
        assert not holds(wrap(b"no deflate"), "factur-x.xml")


class TestIsPdf:
    def test_goes_by_the_first_bytes(self) -> None:
        assert is_pdf(wrap(b""))
        assert not is_pdf(b"<html>")
