"""How things are shown to people: parties as "NL*CPO", numbers without needless zeros, documents laid out, personal
data masked. For display only.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_FORMULA: Final = re.compile(r"[=+\-@\t\r]")  # a spreadsheet program would run a cell that begins so
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")
PERSONAL_MODULES = frozenset({"tokens"})  # their object ids and paths are token uids


def show_party(key: str) -> str:
    """ "nlcpo" as "NL*CPO"; "" stays ""."""
    return f"{key[:2].upper()}*{key[2:].upper()}" if key else ""


def show_number(number: Decimal | None, *, places: int = 0) -> str:
    """Without needless zeros: 12.345000 is "12.345", 100.000000 is "100". With `places`, so many decimals at least."""
    if number is None:
        return ""
    whole, _, fraction = f"{number:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole


def mask(text: str) -> str:
    """The last quarter, at most four characters: "…C2F1"."""
    shown = min(4, len(text) // 4)
    return "…" + text[len(text) - shown :] if text else ""


def mask_path(path: str, *, module: str) -> str:
    """A path or object key whose last part names a person's token."""
    if module not in PERSONAL_MODULES:
        return path
    separator = "/" if "/" in path else ":"
    head, found, tail = path.rpartition(separator)
    return f"{head}{found}{mask(tail)}"


def guard_cell(text: str) -> str:
    """For CSV: text of partners that a spreadsheet would take for a formula gets a quotation mark in front."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def lay_out(text: str) -> str:
    """JSON with line breaks and indents. Only white space outside strings changes, so that every number, escape and
    repeated key stays as it was told; what is no JSON comes out much as it went in."""
    pieces: list[str] = []
    depth = 0
    for token in _split(text):
        if token in "}]" and pieces and pieces[-1] in ("{", "["):
            depth -= 1
            pieces.append(token)
        elif token in "}]":
            depth -= 1
            pieces.append(_line(depth) + token)
        else:
            if pieces and pieces[-1] in ("{", "["):
                pieces.append(_line(depth))
            pieces.append(_line(depth, before=",") if token == "," else ": " if token == ":" else token)
            depth += token in "{["
    return "".join(pieces)


def _line(depth: int, *, before: str = "") -> str:
    return f"{before}\n{'  ' * max(depth, 0)}"


def _split(text: str) -> list[str]:
    """Strings, punctuation and the words between them."""
    tokens: list[str] = []
    place = 0
    while place < len(text):
        end = place + 1
        if text[place] == '"':
            while end < len(text) and text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            end += 1
        elif text[place] not in "{}[],: \t\r\n":
            while end < len(text) and text[end] not in '{}[],:" \t\r\n':
                end += 1
        if not text[place].isspace():
            tokens.append(text[place:end])
        place = end
    return tokens
