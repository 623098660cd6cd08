"""What serving pods wrote: parts by day, read one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from mooring.artifact.store import Entry, Store
from mooring.serving.capture.part import ENDING, Head, Kind, Unreadable, read_part
from mooring.training.failure import data_error
from mooring.training.journal import Journal

DAY_LIMIT = 1_000_000
"""Parts of a day."""
Line = dict[str, object]


@dataclass(frozen=True)
class PartFile:
    """A part that nobody has read yet."""

    day: str
    """As 2026-11-21: that of its first line."""
    store: Store
    entry: Entry


@dataclass
class Captured:
    """The parts of one ModelDeployment, since a day. A part that cannot be read is said and passed over."""

    uri: str
    credentials: Mapping[str, str]
    since: date | None
    journal: Journal
    unreadable: set[str] = field(default_factory=set)

    def days(self) -> list[str]:
        """Return the days, as 2026-11-21, in their order; raises RunFailed (Data) where there are none."""
        root = self.uri.rstrip("/")
        found = Store(f"{root}/parts/", self.credentials).folders()
        if not found:
            message = f"nothing was captured at {root}; rows come there a minute after the first requests are sampled"
            raise data_error("NothingCaptured", f"{message}: is this the ModelDeployment's own folder?")
        # A part is named by its first row, and may hold the next day's.
        return [day for day in found if self.since is None or _is_from(day, self.since)]

    def heads(self) -> list[Head]:
        """Return what each life of a pod wrote at the beginning of its parts of rows."""
        found: dict[str, Head] = {}
        for day in self.days():
            store = self._store(day)
            for entry in self._entries(store, "rows"):
                life = entry.path.split("-", 2)[-1].rpartition("-")[0]
                if life not in found and (part := self._read(store, entry)):
                    found[life] = part[0]
        return list(found.values())

    def parts(self, kind: Kind) -> Iterator[PartFile]:
        """Yield the parts of a kind, about in the order in which they came."""
        for day in self.days():
            store = self._store(day)
            for entry in self._entries(store, kind):
                yield PartFile(day, store, entry)

    def lines(self, kind: Kind) -> Iterator[tuple[Head, Line]]:
        """Yield the lines of all parts of a kind with their part's head, about in the order in which they came."""
        for file in self.parts(kind):
            yield from self.lines_of(file)

    def lines_of(self, file: PartFile) -> Iterator[tuple[Head, Line]]:
        """Yield the lines of a part with its head."""
        part = self._read(file.store, file.entry)
        if part is None:
            return
        head, lines = part
        try:
            for line in lines:
                yield head, line
        except Unreadable as problem:
            self._pass_over(file.entry, problem)

    def _store(self, day: str) -> Store:
        return Store(f"{self.uri.rstrip('/')}/parts/{day}/", self.credentials)

    def _entries(self, store: Store, kind: Kind) -> list[Entry]:
        return [
            entry
            for entry in store.files(limit=DAY_LIMIT)
            if entry.path.startswith(f"{kind}-") and entry.path.endswith(ENDING)
        ]

    def _read(self, store: Store, entry: Entry) -> tuple[Head, Iterator[Line]] | None:
        try:
            return read_part(store.read(entry))
        except Unreadable as problem:
            self._pass_over(entry, problem)
            return None

    def _pass_over(self, entry: Entry, problem: Unreadable) -> None:
        if entry.key not in self.unreadable:
            self.unreadable.add(entry.key)
            self.journal.say(f"{entry.key} cannot be read further, what is left of it is passed over: {problem}")


def _is_from(day: str, since: date) -> bool:
    try:
        return (since - date.fromisoformat(day)).days <= 1
    except ValueError:
        return False
