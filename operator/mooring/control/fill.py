"""Is the cache full, and is it still right? Both are answered by lists that carry metadata only.

kopf says neither when its first listing is through nor which objects vanished while a watch was away, so we ask the
API server ourselves: once at the start, and again at every audit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection

from mooring.control.cache import ObjectCache, identity, revision, uid
from mooring.control.client import Client, Listing
from mooring.control.errors import ApiError, MissingError, RefusedError
from mooring.control.feed import Feed
from mooring.control.kinds import WATCHED
from mooring.control.metrics import Metrics
from mooring.reconcile.plan import POLLED, RESOURCES, Object

logger = logging.getLogger(__name__)

RETRY_SECONDS = 3.0
LOOK_SECONDS = 0.05
RELIST_SECONDS = 2.0


async def wait_until_served(client: Client, namespaces: Collection[str]) -> None:
    """Wait until every kind can be listed: the CRDs are installed, our rights are in place, the server is up."""
    for kind in WATCHED:
        while (why := await _not_served(client, kind, namespaces)) is not None:
            logger.warning("cannot start yet", extra={"watched": kind, "why": why})
            await asyncio.sleep(RETRY_SECONDS)


async def wait_until_full(client: Client, cache: ObjectCache, namespaces: Collection[str]) -> None:
    """Wait until every object that exists has been seen, or has gone meanwhile."""
    await asyncio.gather(*(_wait_for(client, cache, kind, space) for kind in WATCHED for space in _spaces(namespaces)))


async def audit(
    client: Client, feed: Feed, metrics: Metrics, kinds: Collection[str], namespaces: Collection[str]
) -> None:
    """Compare the cache with the API server, and report what watches should have reported and did not."""
    for kind in kinds:
        for space in _spaces(namespaces):
            listing = await client.list_metadata(kind, space)
            repaired = _drop_vanished(feed, kind, space, listing) + await _fetch_missed(client, feed, kind, listing)
            if repaired:
                metrics.repairs.labels(kind).inc(repaired)


async def poll(client: Client, feed: Feed, namespaces: Collection[str]) -> None:
    """Report what there is of kinds that are not watched, because a cluster may lack them."""
    for kind in POLLED:
        for space in _spaces(namespaces):
            try:
                listing = await client.list_metadata(kind, space)
                _drop_vanished(feed, kind, space, listing)
                await _fetch_missed(client, feed, kind, listing)
            except MissingError:
                return  # not installed


async def _not_served(client: Client, kind: str, namespaces: Collection[str]) -> str | None:
    try:
        for space in _spaces(namespaces):
            await client.list_metadata(kind, space)
    except MissingError:
        return f"{kind} is not known to the API server: apply crds/" if kind in RESOURCES else f"no {kind} in this API"
    except RefusedError as error:
        return f"{error}: apply the Role or ClusterRole of manifests/"
    except ApiError as error:
        return str(error)
    return None


async def _wait_for(client: Client, cache: ObjectCache, kind: str, space: str | None) -> None:
    """Wait for one kind. What is deleted between two lists is never seen, hence a new list now and then."""
    loop = asyncio.get_running_loop()
    while unseen := await _unseen(client, cache, kind, space):
        relist_at = loop.time() + RELIST_SECONDS
        while unseen and loop.time() < relist_at:
            await asyncio.sleep(LOOK_SECONDS)
            unseen = [obj for obj in unseen if not _known(cache, kind, obj)]
        if not unseen:
            return


async def _unseen(client: Client, cache: ObjectCache, kind: str, space: str | None) -> list[Object]:
    while True:
        try:
            listing = await client.list_metadata(kind, space)
        except ApiError as error:
            logger.warning("the cache cannot be checked yet", extra={"watched": kind, "why": str(error)})
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return [obj for obj in listing.items if not _known(cache, kind, obj)]


def _known(cache: ObjectCache, kind: str, obj: Object) -> bool:
    return cache.known(uid(obj), *identity(kind, obj))


def _drop_vanished(feed: Feed, kind: str, space: str | None, listing: Listing) -> int:
    """Report as gone what the cache holds and the list does not, unless it is younger than the list."""
    listed = {uid(obj) for obj in listing.items}
    held = feed.cache.every(kind) if space is None else feed.cache.all(kind, space)
    vanished = [obj for obj in held if uid(obj) not in listed and revision(obj) <= listing.revision]
    return sum(feed.gone(kind, obj) for obj in vanished)


async def _fetch_missed(client: Client, feed: Feed, kind: str, listing: Listing) -> int:
    """Report what is in the list in a later state than in the cache."""
    repaired = 0
    for obj in listing.items:
        held = feed.cache.get(*identity(kind, obj))
        if held is None or revision(held) < revision(obj):
            repaired += await _fetch(client, feed, kind, obj)
    return repaired


async def _fetch(client: Client, feed: Feed, kind: str, obj: Object) -> bool:
    _, namespace, name = identity(kind, obj)
    found = await client.find(kind, namespace, name)
    return found is not None and feed.seen(kind, found)


def _spaces(namespaces: Collection[str]) -> tuple[str | None, ...]:
    return tuple(namespaces) or (None,)
