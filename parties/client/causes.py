"""Why a call did not come about, in words for people: what happened, and what to do. Never a library's own text."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from parties.egress import AddressRefused, EgressRefused

NO_ANSWER = "The server took the call and gave no whole answer in time: see whether it is busy, or waits for something."
BROKE = "See in the server's log, and that of a proxy before it, why it closed the connection."


def tell(error: BaseException) -> str:
    """What happened."""
    return _explain(error)[0]


def advise(error: BaseException) -> str:
    """What to do about it; "" where there is nothing special to say."""
    return _explain(error)[1]


def _explain(error: BaseException) -> tuple[str, str]:
    for cause in _chain(error):
        if isinstance(cause, AddressRefused):
            return str(cause), "Use a public https address, or have the hub's operator allow it (HUB_EGRESS_ALLOW)."
        if isinstance(cause, EgressRefused):
            return str(cause), "Use a public https address: a URL such as https://ocpi.example.com/versions."
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message or "no reason given"
            return f"its certificate is not trusted ({why})", (
                "Install a certificate of a public authority for this name, with all intermediate ones."
            )
        if isinstance(cause, ssl.SSLError):
            return "no TLS connection came about", "See that the port speaks https, with TLS 1.2 or newer."
        if isinstance(cause, socket.gaierror | UnicodeError):
            return "the name of the host is not known", "Check the host in the URL and its DNS entry."
        if isinstance(cause, ConnectionRefusedError):
            return "the connection was refused: nothing listens there", (
                "Check host and port in the URL, and that the server runs."
            )
        if isinstance(cause, TimeoutError):
            return "no connection in time", "Check host and port in the URL, and that no firewall stops the hub."
        if isinstance(cause, ConnectionResetError | BrokenPipeError):
            return "the server closed the connection without an answer", BROKE
    return "the network failed on the way", "Check host and port in the URL, and that the server runs."


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it came from, as libraries wrap it: as cause, context, `reason` or first argument."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args[:1])
        waiting += [each for each in inner if isinstance(each, BaseException)]
