"""One call on its way through the hub: what every step of the pipeline works with."""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.conf import settings

from agreements.network import Facts
from gateway.hub import Hub, get_endpoint_url
from gateway.trail import Trail
from journal.rows import NewEvent
from ocpi.calls import Call, PartyId
from ocpi.module import Match
from parties.quirks import Quirk
from parties.routed_module import RoutedModule, Scope
from routing.network import Network


class Course(msgspec.Struct, kw_only=True, eq=False):
    """`call.receiver` is None where the hub itself is addressed, or nobody: then the hub is to know."""

    call: Call
    match: Match
    module: RoutedModule
    facts: Facts
    hub: Hub
    note: Trail
    now: datetime
    is_passed_on: bool = False  # by another than the object's owner: the hub's own copy is not touched (SESS-17)

    @property
    def network(self) -> Network:
        return self.facts.network

    @property
    def sender(self) -> PartyId:
        assert self.call.sender is not None
        return self.call.sender

    @property
    def principal(self) -> PartyId:
        """Whose agreements count: the sender's, except where a hub passes on what one behind it has broadcast."""
        return self.call.on_behalf_of or self.sender

    @property
    def platform(self) -> int:
        """The caller's."""
        return self.note.platform

    def get_habits(self, platform: int) -> frozenset[Quirk]:
        """In what that platform differs from the specification, as staff has set it."""
        peer = self.facts.peers.get(platform)
        return peer.quirks if peer else frozenset()

    def get_scope(self) -> Scope:
        """What the sender may see of this module."""
        return Scope(
            caller=self.sender,
            partners=self.network.get_partners(self.sender, module=self.call.module, at=self.now),
            bearers=self.network.get_principals(self.sender, module=self.call.module, at=self.now) | {self.sender.key},
            now=self.now,
            operators=self.network.get_operators(self.platform),
            page_cap=settings.HUB_PAGE_LIMIT,
            is_date_to_inclusive=Quirk.DATE_TO_INCLUSIVE in self.get_habits(self.platform),
            url=get_endpoint_url(self.call.module, self.call.interface),
        )

    def make_event(self, *, receiver: PartyId | None = None, was_sent: bool = False) -> NewEvent:
        """This push, for the lanes: for everybody who may hear it, or for one receiver."""
        call, module = self.call, self.module
        # What is pushed with a mandate to all is heard by the partners of its owner (LOC-19).
        owner = None if receiver else module.get_owner(call, self.match)
        roles = [node.role for node in self.network.get_acting_nodes(self.principal) if node.role in module.owner_roles]
        return NewEvent(
            module=call.module,
            method=call.method,
            path=call.raw_path,
            query=call.query,
            body="" if call.method == "DELETE" else call.body.decode(),  # it has none (TAR-03): nobody has read it
            object_key=module.get_order_key(call, self.match),
            sender=(owner or self.principal).key,
            sender_role=roles[0] if roles else "",
            origin=self.platform,
            receiver=receiver.key if receiver else "",
            supersedes=module.get_supersedes(call, self.match),
            correlation_id=call.correlation_id,
            version=call.version,
            was_sent=was_sent,
            at=self.now,
        )
