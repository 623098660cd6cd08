"""When what is known of drift is written: before anybody hears of what turned, and else now and then."""

from __future__ import annotations

from mooring.api.base import ObjectMeta
from mooring.control.cache import ObjectCache
from mooring.control.writer import Writer
from mooring.reconcile.drift.basis import Basis
from mooring.reconcile.drift.close import Turned
from mooring.reconcile.drift.kept import keep, keep_windows, kept, kept_windows
from mooring.reconcile.drift.tape import Recorded
from mooring.reconcile.drift.watch import SLOT, Watched, findings_of
from mooring.reconcile.plan import Key

KEEP_SECONDS = 60.0
"""The state is written at most so often where nothing turned: what was not written is read again from the pods."""
QUIET_SECONDS = 1800.0
"""The same where nobody asked anything: only what was taken of pods has changed, and they keep it for two hours."""


class DriftStore:
    """The ConfigMaps of one policy."""

    def __init__(self, cache: ObjectCache, writer: Writer, key: Key, owner: ObjectMeta) -> None:
        self.owner = owner
        self._cache = cache
        self._writer = writer
        self._key = key
        self._saved: Watched | None = None
        self._saved_at = 0.0
        self._windows: list[tuple[str, Basis, Recorded]] = []
        self._urgent = False

    def read(self) -> Watched | None:
        """Return what was kept."""
        self._saved = kept(self._cache, self.owner)
        if self._saved is not None:
            self._saved_at = self._saved.slots.through * SLOT / 1000
        return self._saved

    def add(self, turned: Turned, *, last_words: bool) -> None:
        """Take in what is to be written soon: windows, what somebody should hear of, and what pods say only once."""
        basis = turned.watched.basis
        if basis is not None:
            self._windows += [(turned.watched.version, basis, window) for window in turned.windows]
        self._urgent = self._urgent or turned.told or last_words

    async def settle(self, watched: Watched, now: float) -> tuple[str, ...]:
        """Write what has to be, and return why it cannot, as sentences; raises what `Writer.write` does."""
        quiet = self._saved is not None and findings_of(watched) == findings_of(self._saved)
        least = QUIET_SECONDS if quiet else KEEP_SECONDS
        if self._urgent or self._windows or abs(now - self._saved_at) >= least:
            troubles = await self.write(watched)
            self._saved_at = now
            return troubles
        return ()

    async def write(self, watched: Watched) -> tuple[str, ...]:
        """Write what is known; raises what `Writer.write` does."""
        if self._windows:
            tape = kept_windows(self._cache, self.owner)
            for version, basis, window in self._windows:
                tape = tape.plus(version, basis, [window])
            await self._writer.write(keep_windows(self.owner, tape), self._key)
        if watched != self._saved:
            try:
                state = keep(self.owner, watched)
            except ValueError as error:
                return (str(error),)
            await self._writer.write(state, self._key)
        self._windows, self._saved, self._urgent = [], watched, False
        return ()
