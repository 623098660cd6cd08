"""Who says what of which windows, as a Markdown table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise

from bench.census_drift import ours
from bench.census_drift.given import Voices
from bench.census_drift.ours import Said
from bench.census_drift.rows import WINDOW, Census
from bench.census_drift.scenarios import Part, Scenario

MOST_NAMES = 3


def table(
    census: Census,
    happening: Sequence[Scenario],
    mooring: Mapping[str, Sequence[Said]],
    peers: Mapping[str, Mapping[str, Voices]],
) -> str:
    """Return a row for each part of each scenario; of n windows, how many each voice alarmed in."""
    voices = [(peer, voice) for peer, said in peers.items() for voice in next(iter(said.values()))]
    heads = ["what happens", "windows", "true accuracy", *(f"Mooring: {voice}" for voice in ours.VOICES)]
    heads += ["harm, after rows", "columns named"]
    heads += [f"{peer}: {voice}" for peer, voice in voices]
    lines = [f"| {' | '.join(heads)} |", "|---|" + "--:|" * (3 + len(ours.VOICES)) + "---|" + "--:|" * len(voices)]
    for scenario in happening:
        for part, span in _parts(scenario):
            said = mooring[scenario.name][span]
            rows = scenario.rows.iloc[span.start * WINDOW : span.stop * WINDOW]
            cells = [part.title, str(part.windows), f"{census.right(rows):.3f}"]
            cells += [_many(sum(voice in one.alarms for one in said)) for voice in ours.VOICES]
            cells += [_after(said), _names(said)]
            cells += [_many(sum(peers[peer][scenario.name][voice][span])) for peer, voice in voices]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _parts(scenario: Scenario) -> Iterator[tuple[Part, slice]]:
    ends = accumulate((part.windows for part in scenario.parts), initial=0)
    for part, (start, end) in zip(scenario.parts, pairwise(ends), strict=True):
        yield part, slice(start, end)


def _many(alarms: int) -> str:
    return str(alarms) if alarms else "–"


def _after(said: Sequence[Said]) -> str:
    first = next((at * WINDOW + one.harm_after for at, one in enumerate(said) if one.harm_after is not None), None)
    return "" if first is None else str(first)


def _names(said: Sequence[Said]) -> str:
    """Return the columns that were named most often, the faults first."""
    faults = Counter(fault for one in said for fault in one.broken)
    moved = Counter(name for one in said for name in one.named)
    names = [name for name, _ in [*faults.most_common(), *moved.most_common()]]
    more = f", {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
