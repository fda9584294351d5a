"""The RECEIVER interfaces: what owners push to us. Kept apart per party of ours that it was addressed to."""

from __future__ import annotations

from simulator import jsontext
from simulator.errors import Refusal, build_not_allowed, build_not_found, build_wrong
from simulator.request import Answer, Request
from simulator.state import State
from simulator.store import Document, Objects, build_key, get_id

_METHODS = {
    "locations": ("GET", "PUT", "PATCH"),
    "tariffs": ("GET", "PUT", "DELETE"),  # no PATCH in 2.2.1 (TAR-02)
    "sessions": ("GET", "PUT", "PATCH"),
    "tokens": ("GET", "PUT", "PATCH"),
    "cdrs": ("GET", "POST"),
}
_DEPTH = {"locations": 5}  # country, party, location, EVSE, connector; others end at the object


def handle(request: Request, state: State) -> Answer:
    if request.method not in _METHODS[request.module]:
        raise build_not_allowed(", ".join(_METHODS[request.module]))
    objects = state.received_by(request.receiver or "", request.module)
    if request.module == "cdrs":
        return _post_cdr(request, state, objects) if request.method == "POST" else _get_cdr(request, objects)
    if not 3 <= len(request.rest) <= _DEPTH.get(request.module, 3):
        raise build_not_found("no such object")
    owner = f"{request.rest[0]}*{request.rest[1]}".upper()
    key, path = _build_key(request, owner), request.rest[3:]
    match request.method:
        case "GET":
            return _get(objects, key, path)
        case "DELETE":
            return _delete(objects, key)
        case "PUT":
            return _put(request, objects, owner, key, path)
    return _patch(request, objects, key, path)


def _build_key(request: Request, owner: str) -> str:
    """TOK-03: the type belongs to a token's key; on PUT without the parameter the body's type counts."""
    key = f"{owner}/{request.rest[2]}"
    if request.module != "tokens":
        return key
    kind = request.query.get("type")
    if kind is None and request.method == "PUT":
        kind = str(request.read_object().get("type", "RFID"))
    return f"{key}/{kind or 'RFID'}"


def _get(objects: Objects, key: str, path: tuple[str, ...]) -> Answer:
    found = objects.get_child(key, path)
    if found is None:
        raise build_not_found("no such object")
    return Answer(data=found)


def _delete(objects: Objects, key: str) -> Answer:
    if not objects.remove(key):
        raise build_not_found("no such object")
    return Answer()


def _put(request: Request, objects: Objects, owner: str, key: str, path: tuple[str, ...]) -> Answer:
    document = request.read_object()
    if path:
        if not objects.put_child(key, path, document):
            raise Refusal(404, 2003, "the object above it is not known")  # LOC-05
        return Answer()
    _check_owner(document, owner)
    if get_id(request.module, document).upper() != request.rest[2].upper():
        raise build_wrong("id in the URL and in the body differ")  # TRANS-34
    return Answer(status=201 if objects.put(document) else 200)


def _check_owner(document: Document, owner: str) -> None:
    for name in ("country_code", "party_id", "last_updated"):
        if name not in document:
            raise build_wrong(f"{name} is missing")
    if f"{document['country_code']}*{document['party_id']}".upper() != owner:
        raise build_wrong("country_code and party_id in the URL and in the body differ")


def _patch(request: Request, objects: Objects, key: str, path: tuple[str, ...]) -> Answer:
    changes = request.read_object()
    if "last_updated" not in changes:
        raise build_wrong("last_updated is missing")  # TRANS-30
    known = objects.patch_child(key, path, changes) if path else objects.patch(key, changes)
    if not known:
        raise build_not_found("no such object: send it whole")  # TRANS-31
    return Answer()


def _post_cdr(request: Request, state: State, objects: Objects) -> Answer:
    """Once per owner and id, however often it comes: the same content is the same CDR (CDR-05, AMB-54)."""
    if request.rest:
        raise build_not_found("CDRs are posted to the endpoint itself")  # CDR-02
    document = request.read_object()
    for name in ("country_code", "party_id", "id", "cdr_token", "total_cost", "last_updated"):
        if name not in document:
            raise build_wrong(f"{name} is missing")
    token = document["cdr_token"]
    if f"{token['country_code']}*{token['party_id']}".upper() != request.receiver:
        raise build_wrong("cdr_token names another party")  # CDR-09
    key, digest = build_key("cdrs", document), jsontext.compute_digest(document)
    state.cdr_posts[key] += 1
    known = objects.get(key)
    if known is not None and jsontext.compute_digest(known) != digest:
        raise build_wrong("a CDR of this id is known, with other content")
    objects.put(document)
    headers = {"Location": f"{state.build_url('cdrs', 'RECEIVER')}/{key.replace('*', '/')}"}
    return Answer(status=200 if known else 201, headers=headers)


def _get_cdr(request: Request, objects: Objects) -> Answer:
    found = objects.get(f"{request.rest[0]}*{request.rest[1]}/{request.rest[2]}") if len(request.rest) == 3 else None
    if found is None:
        raise build_not_found("no such CDR")
    return Answer(data=found)
