"""kopf, used for what it is best at: listing and watching for as long as the process lives.

Handlers do nothing but report. kopf's own bookkeeping (annotations, finalizers, events, retries) is switched off:
it is driven by edges, and writes to users' objects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from typing import Any

import kopf

from mooring.api.base import GROUP
from mooring.control.feed import Feed
from mooring.control.kinds import WATCHED, group_version, plural, selector

Login = Callable[[], Awaitable[kopf.ConnectionInfo]]


class Backoffs:
    """Seconds between attempts at a request, without an end: an API server that is away comes back."""

    def __iter__(self) -> Iterator[float]:
        """Return a fresh sequence."""
        yield from (0.5, 1, 2, 4, 8)
        while True:
            yield 10


def settings() -> kopf.OperatorSettings:
    """Return kopf's settings: server-side selectors, and nothing written anywhere."""
    chosen = kopf.OperatorSettings()
    chosen.posting.enabled = False
    chosen.scanning.disabled = True
    chosen.peering.standalone = True
    chosen.watching.chunk_size = 500
    chosen.watching.connect_timeout = 5
    chosen.networking.connect_timeout = 5
    chosen.networking.request_timeout = 60
    chosen.networking.error_backoffs = Backoffs()
    chosen.queueing.idle_timeout = 0.1
    chosen.queueing.exit_timeout = 0.5
    chosen.process.ultimate_exiting_timeout = None
    chosen.persistence.finalizer = f"{GROUP}/unused"
    chosen.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
    chosen.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=GROUP)
    for kind in WATCHED:
        if labels := selector(kind):
            chosen.watching.label_selectors[(*group_version(kind), plural(kind))] = labels
    return chosen


def registry(feed: Feed, relisted: Callable[[str], None], login: Login) -> kopf.OperatorRegistry:
    """Return one handler per kind, each of which reports to the feed.

    `relisted` is told of every object that comes from a list rather than a watch: what disappeared before that
    list is never reported by kopf.
    """
    handlers = kopf.OperatorRegistry()

    async def authenticate(**_: object) -> kopf.ConnectionInfo:
        return await login()

    kopf.on.login(registry=handlers)(authenticate)
    for kind in WATCHED:
        report = _reporter(kind, feed, relisted)
        kopf.on.event(*group_version(kind), plural(kind), id=f"see-{kind.lower()}", registry=handlers)(report)
    return handlers


def _reporter(kind: str, feed: Feed, relisted: Callable[[str], None]) -> Callable[..., Awaitable[None]]:
    async def report(event: Mapping[str, Any], **_: object) -> None:
        if event["type"] == "DELETED":
            feed.gone(kind, event["object"])
            return
        feed.seen(kind, event["object"])
        if event["type"] is None:
            relisted(kind)

    return report


async def run(
    handlers: kopf.OperatorRegistry, namespaces: Collection[str], stop: asyncio.Event, started: Callable[[], None]
) -> None:
    """Watch until `stop` is set; returns early only when kopf fails.

    kopf replaces the process's signal handlers while it starts: `started` is called right after that.
    Tasks that run already are left alone when kopf ends.
    """
    own = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        registry=handlers,
        settings=settings(),
        clusterwide=not namespaces,
        namespaces=tuple(namespaces),
        stop_flag=stop,
        # Used by peering alone, and else made of a user name, which a pod's uid does not have.
        identity="mooring",  # type: ignore[arg-type]  # a str to kopf, under a name that it does not export
    )
    started()
    await kopf.run_tasks(tasks, ignored=own)


def ended(namespaces: Collection[str]) -> list[str]:
    """Return the kinds that should be watched and are not: kopf keeps one named task per kind and namespace."""
    names = {task.get_name() for task in asyncio.all_tasks()}
    return [
        kind
        for kind in WATCHED
        for namespace in namespaces or (None,)
        if f"watcher for {_kopf_name(kind)}@{namespace}" not in names
    ]


def _kopf_name(kind: str) -> str:
    group, version = group_version(kind)
    return f"{plural(kind)}.{version}.{group}".strip(".")
