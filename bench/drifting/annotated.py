"""Change points that people annotated in seven real series (van den Burg and Williams 2020): who finds them.

The scores are theirs: the F-measure with a margin of five points, whose precision counts what any annotator marked and
whose recall is the mean over annotators, and the covering of each annotator's segments, their mean. The first point
begins a segment for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bench.drifting.asked import ask
from bench.drifting.ours import Counter, alarmed
from bench.drifting.peers.exchange import Arrays, Job
from bench.drifting.tables import Floats
from bench.peers.environments import Unavailable
from mooring.stats.drift import Folded, Settings, Watch

MARGIN = 5
LEARNT, WINDOW = 100, 50
"""Points that ours takes for its reference, from the start and after each alarm, and of a window: the fewest."""
PERIODS = (50, 100)
Points = frozenset[int]


@dataclass(frozen=True)
class Series:
    """A series with what each annotator marked in it."""

    name: str
    values: Floats
    """(points, numbers)."""
    marked: tuple[Points, ...]


def table(_: int) -> list[str]:
    """Return one line for each way to look, and one of what there was to find: nothing in it is left to chance."""
    try:
        answer = ask("river", Job("annotated"))
    except Unavailable as problem:
        return [f"river, which has the series: {problem}"]
    several = _series(answer)
    titles = " | ".join(one.name for one in several)
    shown = [f"| F-measure / covering; change points | {titles} | mean |", "|---|" + "--:|" * (len(several) + 1)]
    found: dict[str, Sequence[Points]] = {
        "**Mooring**, drift": [ours(one, drifted) for one in several],
        "**Mooring**, drift or broken data": [ours(one, alarmed) for one in several],
        "none": [frozenset() for _ in several],
        **{f"every {period}th": [every(period, len(one.values)) for one in several] for period in PERIODS},
        **_peers(answer, several),
    }
    shown += [_row(name, several, points) for name, points in found.items()]
    sizes = [
        f"{len(one.values)} × {one.values.shape[1]}; {min(counts)}–{max(counts)}" for one, counts in _marks(several)
    ]
    return [*shown, f"| *points × numbers; marked by one person* | {' | '.join(sizes)} | |"]


def f_measure(marked: Sequence[Points], found: Points) -> float:
    """Return the F-measure of what was found, by what each annotator marked."""
    with_first = found | {0}
    hits = _hits(frozenset({0}).union(*marked), with_first)
    recall = sum(_hits(one | {0}, with_first) / len(one | {0}) for one in marked) / len(marked)
    precision = hits / len(with_first)
    return 2 * precision * recall / (precision + recall)


def covering(marked: Sequence[Points], found: Points, length: int) -> float:
    """Return how well the segments of what was found cover those of each annotator, on average."""
    mine = _segments(found, length)
    return sum(_covered(_segments(one, length), mine) for one in marked) / len(marked) / length


def drifted(found: Folded) -> bool:
    """Return whether a window said that inputs drift: what may start training."""
    return found.window is not None and found.window.inputs.state == "Alarm"


def ours(series: Series, told: Callable[[Folded], bool]) -> Points:
    """Return the ends of the windows that told something; a new reference is learnt after each."""
    found, start, values = set[int](), 0, series.values
    while start + LEARNT + WINDOW <= len(values):
        at = _first(values[start:], told)
        if at is None:
            break
        start += at
        found.add(start)
    return frozenset(one for one in found if one < len(values))


def every(period: int, length: int) -> Points:
    """Return what is found by whoever does not look."""
    return frozenset(range(period, length, period))


def _first(values: Floats, told: Callable[[Folded], bool]) -> int | None:
    """Return the end of the first window that told something."""
    counter = Counter(values[:LEARNT])
    watch = Watch(counter.reference, Settings(min_rows=WINDOW))
    state = watch.resume(None)
    for number, start in enumerate(range(LEARNT, len(values) - WINDOW + 1, WINDOW)):
        folded = watch.fold(state, counter.counted(number, values[start : start + WINDOW]))
        state = folded.state
        if told(folded):
            return start + WINDOW
    return None


def _series(answer: Arrays) -> list[Series]:
    found = []
    for at, name in enumerate(answer["series"].tolist()):
        marks, annotators = answer[f"marks {at}"], int(answer[f"annotators {at}"])
        marked = tuple(frozenset(marks[marks[:, 0] == one, 1].tolist()) for one in range(annotators))
        found.append(Series(name, answer[f"values {at}"], marked))
    return found


def _peers(answer: Arrays, several: Sequence[Series]) -> Mapping[str, Sequence[Points]]:
    alarms = answer["alarms"]
    return {
        f"river's {name}": [
            frozenset(alarms[(alarms[:, 0] == index) & (alarms[:, 1] == at), 2].tolist()) for at in range(len(several))
        ]
        for index, name in enumerate(answer["names"].tolist())
    }


def _marks(several: Sequence[Series]) -> Iterable[tuple[Series, list[int]]]:
    return ((one, [len(marked) for marked in one.marked]) for one in several)


def _row(name: str, several: Sequence[Series], points: Sequence[Points]) -> str:
    scores = [
        (f_measure(one.marked, found), covering(one.marked, found, len(one.values)))
        for one, found in zip(several, points, strict=True)
    ]
    cells = [
        f"{score:.2f} / {covered:.2f}; {len(found)}" for (score, covered), found in zip(scores, points, strict=True)
    ]
    means = " / ".join(f"{mean:.2f}" for mean in np.mean(scores, axis=0))
    return f"| {name} | {' | '.join(cells)} | {means} |"


def _hits(marked: Points, found: Points) -> int:
    """Return how many marked points have a found one of their own within the margin."""
    left, hits = set(found), 0
    for one in sorted(marked):
        near = min(left, key=lambda other, one=one: abs(other - one), default=None)  # type: ignore[misc]  # its own
        if near is not None and abs(near - one) <= MARGIN:
            left.remove(near)
            hits += 1
    return hits


def _segments(points: Points, length: int) -> list[tuple[int, int]]:
    return list(pairwise(sorted({0, length} | points)))


def _covered(theirs: Sequence[tuple[int, int]], mine: Sequence[tuple[int, int]]) -> float:
    return sum((one[1] - one[0]) * max(_overlap(one, other) for other in mine) for one in theirs)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> float:
    both = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return both / (one[1] - one[0] + other[1] - other[0] - both)
