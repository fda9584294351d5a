"""The hub's own URL in place of a `response_url`: made before the call goes out, changed by its answer (ROUTE-45)."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

import msgspec

from gateway import aliases
from gateway.course import Course
from gateway.relay import Hop
from journal.rows import Job, Mark, NewAlias, Table
from ocpi.calls import Call, Interface
from ocpi.errors import InvalidParameter
from ocpi.response_url import LONGEST
from parties.egress import Egress, EgressRefused, check_url
from parties.result_module import ResultModule, read_answered_deadline
from routing.decide import Forward
from routing.network import PlatformFacts

KIND = "response_url"

_ALIASES = Table(
    name="journal_alias",
    key=("token",),
    columns={"token": "text", "expires_at": "timestamp with time zone"},
)


class Outgoing(msgspec.Struct, frozen=True):
    """What is sent instead of the call as it came."""

    call: Call
    alias: NewAlias | None = None


async def replace_response_url(course: Course, decision: Forward) -> Outgoing:
    """The call with the hub's URL in it, which is durable by now.

    Raises:
        InvalidParameter: there is none where one is needed, or the hub does not call it (CMD-04).
    """
    call, module = course.call, course.module
    if not isinstance(module, ResultModule) or call.interface is not Interface.RECEIVER:
        return Outgoing(call)
    url = module.get_response_url(call)
    if url is None:
        if module.has_result(call, course.match):
            raise InvalidParameter(f"{KIND}: is missing")
        return Outgoing(call)
    check_response_url(url, asking=course.network.platforms[course.platform], egress=Egress.of_settings())
    alias = _make_alias(course, decision, module, url)
    receiver = decision.node.party
    changes = module.get_request_changes(call, course.match, receiver=receiver, token=alias.token, now=course.now)
    await course.hub.writer.write(Job(changes=changes, aliases=(alias,)))
    return Outgoing(module.with_response_url(call, aliases.get_alias_url(alias)), alias)


def check_response_url(url: str, *, asking: PlatformFacts, egress: Egress) -> None:
    """The result goes there with the hub's token for the asking platform, so it must be one of that platform's hosts
    (decision 7). Its address is checked again when it is called.

    Raises:
        InvalidParameter
    """
    if len(url) > LONGEST:
        raise InvalidParameter(f"{KIND}: is longer than {LONGEST} characters")
    try:
        check_url(url, egress=egress)
    except EgressRefused as e:
        raise InvalidParameter(f"{KIND}: {e}") from e
    host = urlsplit(url).hostname
    if all(host != urlsplit(known).hostname for known in (asking.versions_url, *asking.endpoints.values())):
        raise InvalidParameter(f"{KIND}: {host} is none of the hosts of this platform's endpoints")


def get_answer_marks(course: Course, hop: Hop, alias: NewAlias | None) -> tuple[Mark, ...]:
    """What the receiver's answer at once says of the later one: that it may be refused, that it may take longer."""
    module = course.module
    if alias is None or not isinstance(module, ResultModule):
        return ()
    if hop.reply is None and hop.may_have_arrived:
        return ()  # nobody knows: a result may come all the same
    marks = module.get_answer_marks(course.call, token=alias.token, reply=hop.reply, now=course.now)
    deadline = read_answered_deadline(hop.reply, now=course.now) if hop.reply else None
    if deadline is None or deadline <= alias.expires_at:
        return marks
    return (*marks, Mark(table=_ALIASES, key=(alias.token,), columns={"expires_at": deadline}))  # CMD-08


def _make_alias(course: Course, decision: Forward, module: ResultModule, url: str) -> NewAlias:
    return NewAlias(
        token=secrets.token_urlsafe(24),
        kind=KIND,
        user=decision.node.platform,
        party=decision.node.party.key,
        target=course.platform,
        target_party=course.sender.key,
        module=module.id,
        interface=Interface.SENDER,
        url=url,
        created_at=course.now,
        expires_at=module.get_result_deadline(course.call, now=course.now),
    )
