"""What is the same for every OCPI call: headers, pages, envelope, refusals. Plain data for `ocpi_schema`."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]


def _header(name: str, text: str, *, required: bool = False) -> Json:
    return {"name": name, "in": "header", "required": required, "description": text, "schema": {"type": "string"}}


def _query(name: str, text: str, **schema: Any) -> Json:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


ID_PARAMETERS: Final = (
    _header("X-Request-ID", "Unique for each request; echoed, and made up by the hub where it is missing."),
    _header("X-Correlation-ID", "The same along the whole way of a message; echoed."),
)
ROUTING_PARAMETERS: Final = (
    _header("OCPI-from-country-code", "Of the calling party; may be left out where the platform has one that fits."),
    _header("OCPI-from-party-id", "Of the calling party."),
    _header("OCPI-to-country-code", "Of the receiver: a party behind the hub, the hub, or left out (open routing)."),
    _header("OCPI-to-party-id", "Of the receiver."),
)
PAGE_PARAMETERS: Final = (
    _query("date_from", "Only objects updated at or after this time.", type="string", format="date-time"),
    _query("date_to", "Only objects updated before this time.", type="string", format="date-time"),
    _query("offset", "How many objects to pass over.", type="integer", minimum=0),
    _query("limit", "At most so many objects; the hub may send fewer.", type="integer", minimum=1),
)
PAGE_PARAMETERS_WITH_DATE: Final = ({**PAGE_PARAMETERS[0], "required": True}, *PAGE_PARAMETERS[1:])  # SESS-02
PAGE_HEADERS: Final = ("X-Total-Count", "X-Limit", "Link")
ERRORS: Final = {
    "400": "NotJson",
    "401": "NotAuthorized",
    "403": "NotYourParty",
    "404": "UnknownObject",
    "405": "MethodNotAllowed",
    "413": "TooLarge",
    "429": "TooManyCalls",
    "503": "Overloaded",
}
_ENVELOPE: Final = {"$ref": "#/components/schemas/Envelope"}


def make_envelope(data: Json | None) -> Json:
    """`data` is left out where the call has no result, and where `status_code` is not 1xxx (TRANS-16, TRANS-50)."""
    return dict(_ENVELOPE) if data is None else {"allOf": [_ENVELOPE, {"properties": {"data": data}}]}


def make_body(schema: Json, *, partial: bool = False, required: bool = True) -> Json:
    """A PATCH carries some fields of the object, `last_updated` among them, so no schema of whole objects holds."""
    if partial:
        schema = {
            "type": "object",
            "required": ["last_updated"],
            "description": "The fields of the object that change.",
            "properties": {"last_updated": {"type": "string", "format": "date-time"}},
        }
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def _refusal(text: str, **headers: str) -> Json:
    return {
        "description": text,
        "headers": {name: {"description": said, "schema": {"type": "string"}} for name, said in headers.items()},
        "content": {"application/json": {"schema": _ENVELOPE}},
    }


def _described(text: str, type_: str = "string") -> Json:
    return {"description": text, "schema": {"type": type_}}


FIXED_COMPONENTS: Final[dict[str, Json]] = {
    "securitySchemes": {
        "credentialsToken": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token ` and the Base64 of the token that the hub gave to the platform (TRANS-03).",
        }
    },
    "headers": {
        "X-Request-ID": _described("As it was sent."),
        "X-Correlation-ID": _described("As it was sent."),
        "X-Total-Count": _described("Objects in all pages together.", "integer"),
        "X-Limit": _described("At most so many objects are in a page.", "integer"),
        "Link": _described('`<url>; rel="next"`; missing on the last page. To be followed as it is.'),
    },
    "responses": {
        "NotJson": _refusal("The body is not JSON (2001)."),
        "NotAuthorized": _refusal("No token, or none that opens this (2000).", **{"WWW-Authenticate": "Token"}),
        "NotYourParty": _refusal("FROM, or the owner in the URL, is no party of this platform (2001)."),
        "UnknownObject": _refusal("Not there, or not for this caller (2001, 2003, 2004)."),
        "MethodNotAllowed": _refusal("The URL is there, the method is not (2000).", Allow="What is offered."),
        "TooLarge": _refusal("The body is over the hub's limit (2001)."),
        "TooManyCalls": _refusal("More calls than this platform may make (2000).", **{"Retry-After": "Seconds."}),
        "Overloaded": _refusal("Nothing was done: come back later (3000).", **{"Retry-After": "Seconds."}),
    },
    "schemas": {
        "Envelope": {
            "type": "object",
            "required": ["status_code", "timestamp"],
            "properties": {
                "data": {"description": "The result, where there is one and `status_code` is 1xxx."},
                "status_code": {
                    "type": "integer",
                    "description": "1xxx success; 2xxx the request is wrong; 3xxx the server failed; 4xxx the hub "
                    "could not pass it on (4001 unknown receiver, 4002 timeout, 4003 not connected, 4000 else).",
                },
                "status_message": {"type": "string"},
                "timestamp": {"type": "string", "format": "date-time"},
            },
        }
    },
}
