"""The hub as client: takes a PullRequest that is due, finds out whom it is about, and keeps what came of it."""

from __future__ import annotations

import logging
from datetime import datetime

from agreements.network import load_facts
from forwarding import pull_claim
from forwarding.pull_claim import LeaseLost
from forwarding.pull_hub import read_hub_list
from forwarding.pull_pieces import StoreFailed
from forwarding.pull_plan import MAX_PAGES, Crawl, CrawlBroken
from forwarding.pull_reading import Clock, Reading, TurnOver, set_date_from
from forwarding.pull_store import Intake, get_role
from journal.committer import Committer
from journal.models import PullRequest
from ocpi.calls import Interface, PartyId
from parties.announced import CLIENT_INFO
from parties.client import PeerError, SyncClient
from parties.owned_module import OwnedModule
from parties.registry import find_owned_module
from routing.network import Network

logger = logging.getLogger(__name__)


class CannotAsk(Exception):
    """There is nobody to ask, and trying again would not help."""


def pull_next(*, clock: Clock, client: SyncClient | None = None, max_pages: int = MAX_PAGES) -> PullRequest | None:
    """Read one list that is due. None: there was none to read."""
    request = pull_claim.claim(now=clock())
    if request is None:
        return None
    committer, second, log = Committer(), Committer(), Committer()
    client = client or SyncClient()
    try:
        if request.module == CLIENT_INFO:
            read_hub_list(request, committer=committer, client=client, clock=clock, max_pages=max_pages)
        else:
            reading = _begin(
                request, writers=(committer, second), log=log, client=client, clock=clock, max_pages=max_pages
            )
            reading.read_to_the_end()
    except LeaseLost:
        logger.info("%s is no longer ours to read", request)
        # Nothing happens where another worker has it; else it must not hold the place of the next one.
        pull_claim.fail(request, error="the platform is not to be asked any more", now=clock(), again=False)
    except TurnOver:
        pull_claim.hand_over(request, now=clock())
    except CannotAsk as error:
        pull_claim.fail(request, error=str(error), now=clock(), again=False)
    except (CrawlBroken, PeerError, StoreFailed) as error:  # the partner's failure is an outcome: kept with the row
        pull_claim.fail(request, error=f"page {request.pages + 1}: {error}", now=clock())
    finally:
        for each in (committer, second, log):
            each.close()
    request.refresh_from_db()
    return request


def _begin(
    request: PullRequest,
    *,
    writers: tuple[Committer, Committer],
    log: Committer,
    client: SyncClient,
    clock: Clock,
    max_pages: int,
) -> Reading:
    facts = load_facts()
    module = find_owned_module(request.module)
    peer = facts.peers.get(request.platform)
    platform = facts.network.platforms.get(request.platform)
    endpoint = platform.get_endpoint(request.module, Interface.SENDER) if platform else None
    if module is None or peer is None or endpoint is None:
        raise CannotAsk("the platform has no such list, or the hub no token for it")
    owners = {
        node.party.key: node.party
        for node in facts.network.get_parties_of(request.platform)
        if node.role in module.owner_roles
    }
    party = owners.get(request.party)
    if party is None:
        raise CannotAsk("the party is not on this platform any more, or not in a role that has such a list")
    intake = Intake(
        module=module,
        platform=request.platform,
        party=party,
        owners=_get_principals(party, module, facts.network, platform=request.platform, now=clock()) | owners,
        network=facts.network,
        committer=writers[0],
        role=get_role(module, party, network=facts.network),
    )
    if not request.page_url:
        set_date_from(request, intake, now=clock())
    return Reading(
        request=request,
        intake=intake,
        writers=writers,
        log=log,
        crawl=Crawl(
            endpoint=endpoint,
            max_pages=max_pages,
            pages=request.pages,
            objects=request.objects_read,
            total=request.total,
        ),
        peer=peer,
        hub=facts.network.hub,
        client=client,
        clock=clock,
    )


def _get_principals(
    party: PartyId, module: OwnedModule, network: Network, *, platform: int, now: datetime
) -> dict[str, PartyId]:
    """Whose objects a NAP may list beside its own, by their mandate (LOC-19, TRANS-35)."""
    if all(node.platform != platform or node.role not in module.passing_roles for node in network.get_nodes(party)):
        return {}
    return {key: PartyId.of_key(key) for key in network.get_principals(party, module=module.id, at=now)}
