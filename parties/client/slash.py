"""Back ends that redirect to the same URL with or without its last slash. Pure.

The given address is never followed (decision 7): only our own URL is asked once more, with the slash the other way.
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit, urlunsplit

_ANY_METHOD = frozenset({307, 308})
_ONLY_GET = frozenset({301, 302})
REDIRECTS = _ANY_METHOD | _ONLY_GET


def turn_slash(url: str, *, method: str, status: int, location: str | None) -> str | None:
    """`url` with its last slash put or taken away, if that is all this redirect asks for; else None.

    A redirected request was not processed, so that asking again repeats nothing, not even of a POST.
    """
    if location is None or not (status in _ANY_METHOD or (status in _ONLY_GET and method == "GET")):
        return None
    ours = urlsplit(url)
    turned = ours.path[:-1] if ours.path.endswith("/") else ours.path + "/"
    try:
        theirs = urlsplit(urljoin(url, location))
    except ValueError:  # no URL at all
        return None
    if theirs.path != turned or theirs.query != ours.query:
        return None
    return urlunsplit(ours._replace(path=turned))
