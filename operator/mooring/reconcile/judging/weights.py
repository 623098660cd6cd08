"""Which share of the requests the canary had all through an interval: only what proxies confirmed counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

_KEPT = 8
"""Spans: an interval is judged seconds after it ended, and steps last longer."""


@dataclass(frozen=True)
class Span:
    """A time in which the shares did not change, in milliseconds by the wall clock."""

    share: int
    """What the shares were, as a number of its own for each."""
    start: int
    end: int | None = None
    """None: it goes on."""


@dataclass(frozen=True)
class Weights:
    """The shares over time."""

    spans: tuple[Span, ...] = ()

    def confirmed(self, share: int, at: int) -> Weights:
        """Return the shares over time where proxies were seen at `at` to divide like this."""
        last = self.spans[-1] if self.spans else None
        if last is not None and last.end is None and last.share == share:
            return self
        closed = self.ended(at)
        return Weights((*closed.spans, Span(share, at))[-_KEPT:])

    def unless(self, share: int, at: int) -> Weights:
        """Return the shares over time where other shares than before were asked for at `at`: any may be in force."""
        return self if self.spans and self.spans[-1].share == share else self.ended(at)

    def ended(self, at: int) -> Weights:
        """Return the shares over time where they may have changed from `at` on."""
        if not self.spans or self.spans[-1].end is not None:
            return self
        last = self.spans[-1]
        return Weights((*self.spans[:-1], replace(last, end=max(at, last.start))))

    def during(self, start: int, end: int) -> int | None:
        """Return the share in all of an interval, or None where it was not one and the same, or not known."""
        for span in self.spans:
            if span.start <= start and (span.end is None or end <= span.end):
                return span.share
        return None
