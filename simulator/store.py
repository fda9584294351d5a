"""Objects a platform holds, and what PUT and PATCH do to them. Plain dictionaries, no HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.clock import parse_moment

Document = dict[str, Any]

_CHILDREN = {"locations": (("evses", "uid"), ("connectors", "id"))}
_ID_FIELD = {"tokens": "uid"}


def get_id(module: str, document: Document) -> str:
    return str(document[_ID_FIELD.get(module, "id")])


def build_key(module: str, document: Document) -> str:
    """Owner and id without regard to case (TRANS-40); a token's type belongs to its key (TOK-03)."""
    kind = f"/{document.get('type', 'RFID')}" if module == "tokens" else ""
    return f"{document['country_code']}*{document['party_id']}/{get_id(module, document)}{kind}".upper()


class Objects:
    """The objects of one module, in the order in which they first came (TRANS-23)."""

    def __init__(self, module: str) -> None:
        self.module = module
        self._documents: dict[str, Document] = {}
        self.repeated_periods = 0
        self.overtaken = 0

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[Document]:
        return iter(list(self._documents.values()))

    def items(self) -> list[tuple[str, Document]]:
        return list(self._documents.items())

    def get(self, key: str) -> Document | None:
        return self._documents.get(key.upper())

    def __getitem__(self, key: str) -> Document:
        return self._documents[key.upper()]

    def put(self, document: Document, *, pulled: bool = False) -> bool:
        """Store the full state; True if it is new. An older state never replaces a newer one; pushed, it is counted."""
        key = build_key(self.module, document)
        known = self._documents.get(key)
        if known is not None and _is_older(document, known):
            self.overtaken += not pulled
            return False
        self._documents[key] = document
        return known is None

    def remove(self, key: str) -> bool:
        return self._documents.pop(key.upper(), None) is not None

    def patch(self, key: str, changes: Document) -> bool:
        """Apply a PATCH to the whole object; False if it is not there (TRANS-31)."""
        known = self.get(key)
        if known is None:
            return False
        self._documents[key.upper()] = self._merge(known, changes, _CHILDREN.get(self.module, ()))
        return True

    def put_child(self, key: str, path: tuple[str, ...], child: Document) -> bool:
        known = self.get_child(key, path)
        if known is not None and _is_older(child, known):
            self.overtaken += 1
            return True
        return self._change_child(key, path, lambda _: child)

    def patch_child(self, key: str, path: tuple[str, ...], changes: Document) -> bool:
        if self.get_child(key, path) is None:
            return False
        below = _CHILDREN[self.module][len(path) :]
        return self._change_child(key, path, lambda known: self._merge(known or {}, changes, below))

    def get_child(self, key: str, path: tuple[str, ...]) -> Document | None:
        """The object itself, an EVSE (one segment) or a Connector (two)."""
        found = self.get(key)
        for wanted, (field, name) in zip(path, _CHILDREN.get(self.module, ()), strict=False):
            found = _find(found.get(field) or [], name, wanted) if found else None
        return found

    def _change_child(self, key: str, path: tuple[str, ...], change: Any) -> bool:
        root = self.get(key)
        if root is None or self.get_child(key, path[:-1]) is None:
            return False
        self._documents[key.upper()] = _rebuild(root, path, _CHILDREN[self.module], change)
        return True

    def _merge(self, known: Document, changes: Document, children: tuple[tuple[str, str], ...]) -> Document:
        """TRANS-29, TRANS-32: fields present replace; null is ignored; periods are appended; children are merged."""
        if _is_older(changes, known):
            self.overtaken += 1
            return known
        merged = dict(known)
        for name, value in changes.items():
            if value is None:
                continue
            if name == "charging_periods":
                merged[name] = self._append_periods(list(known.get(name) or []), value)
            elif children and name == children[0][0]:
                merged[name] = self._merge_children(list(known.get(name) or []), value, children)
            else:
                merged[name] = value
        return merged

    def _merge_children(
        self, known: list[Document], changes: list[Document], children: tuple[tuple[str, str], ...]
    ) -> list[Document]:
        name = children[0][1]
        for change in changes:
            old = _find(known, name, str(change[name]))
            if old is None:
                known.append(change)
            else:
                known[known.index(old)] = self._merge(old, change, children[1:])
        return known

    def _append_periods(self, known: list[Document], periods: list[Document]) -> list[Document]:
        """SESS-05. A period already there came twice (delivery is at least once): counted, not stored again."""
        for period in periods:
            if any(old["start_date_time"] == period["start_date_time"] for old in known):
                self.repeated_periods += 1
            else:
                known.append(period)
        return known


def _is_older(one: Document, other: Document) -> bool:
    """Does the first carry an older `last_updated`? Same level only (LOC-16); without one there is no telling."""
    if "last_updated" not in one or "last_updated" not in other:
        return False
    return parse_moment(str(one["last_updated"])) < parse_moment(str(other["last_updated"]))


def _find(children: list[Document], name: str, wanted: str) -> Document | None:
    return next((child for child in children if str(child[name]).upper() == wanted.upper()), None)


def _rebuild(parent: Document, path: tuple[str, ...], levels: tuple[tuple[str, str], ...], change: Any) -> Document:
    """A copy of the parent with one child changed; its `last_updated` follows the child's (LOC-04)."""
    field, name = levels[0]
    children = list(parent.get(field) or [])
    old = _find(children, name, path[0])
    new = change(old) if len(path) == 1 else _rebuild(old or {}, path[1:], levels[1:], change)
    if old is None:
        children.append(new)
    else:
        children[children.index(old)] = new
    newer = parent if "last_updated" not in new or _is_older(new, parent) else new
    return {**parent, field: children, "last_updated": newer.get("last_updated")}
