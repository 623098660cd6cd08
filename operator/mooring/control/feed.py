"""Where every report about an object arrives: cache it, and look again at what reads it."""

from __future__ import annotations

from collections.abc import Callable

from mooring.control.cache import ObjectCache, identity
from mooring.control.keys import keys_of
from mooring.reconcile.plan import RESOURCES, Key, Object


class Feed:
    """Reports come from watches, from the answers to own writes, and from audits.

    Until `open` is called nothing is enqueued: a plan made from half a cache would miss children that exist.
    """

    def __init__(self, cache: ObjectCache, enqueue: Callable[[Key], None]) -> None:
        self.cache = cache
        self._enqueue = enqueue
        self._open = False

    def seen(self, kind: str, obj: Object) -> bool:
        """Take in an object that exists; return whether that is news."""
        before = self.cache.get(*identity(kind, obj))
        news = self.cache.observe(kind, obj)
        if news:
            self._wake(kind, obj, before)
        return news

    def gone(self, kind: str, obj: Object) -> bool:
        """Take in that an object is gone; return whether that is news."""
        news = self.cache.forget(kind, obj)
        if news:
            self._wake(kind, obj, None)
        return news

    def open(self) -> None:
        """Look at every resource once, and from now on at whatever changes."""
        self._open = True
        for kind in RESOURCES:
            for obj in self.cache.every(kind):
                self._enqueue(Key(*identity(kind, obj)))

    @property
    def is_open(self) -> bool:
        """Whether the cache was full once."""
        return self._open

    def _wake(self, kind: str, obj: Object, before: Object | None) -> None:
        if not self._open:
            return
        keys = keys_of(kind, obj, self.cache)
        if before is not None:
            keys |= keys_of(kind, before, self.cache)  # a child whose labels were edited still has its old owner
        for key in keys:
            self._enqueue(key)
