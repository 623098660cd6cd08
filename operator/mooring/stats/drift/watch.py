"""Taking in sealed intervals, and testing what closes. Pure: the caller keeps the state."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from mooring.stats.drift import harm
from mooring.stats.drift.clumps import UNIT, Clumps, remembered
from mooring.stats.drift.cohorts import GRACE_DAYS, Cohort, Cohorts
from mooring.stats.drift.distances import Compared
from mooring.stats.drift.estimate import Estimate, tested
from mooring.stats.drift.evalue import Above
from mooring.stats.drift.joins import MOST_CELLS, Codes
from mooring.stats.drift.naming import Name, name, names
from mooring.stats.drift.quality import Quality
from mooring.stats.drift.reference import Reference
from mooring.stats.drift.report import Beyond, Evidence, HarmReport, State, WindowReport
from mooring.stats.drift.settings import DAY_SECONDS, Settings
from mooring.stats.drift.settle import settle
from mooring.stats.drift.state import DriftState
from mooring.stats.drift.tier import LEAST_ROWS, MOST_DETECTORS, Levels, Tier
from mooring.stats.drift.window import Counted, Ints, Open, by_bin, read


@dataclass(frozen=True)
class Folded:
    """The state with one more interval, and what closed with it."""

    state: DriftState
    window: WindowReport | None = None
    harm: HarmReport | None = None


@dataclass(frozen=True)
class Outer:
    """What the watch of all rows made of an interval, for that of a segment: its windows close with those of all."""

    closes: bool
    repeated: Ints = ()
    """Where a window closes: `WindowReport.repeated` of all rows, of the segment's columns."""


@dataclass(frozen=True)
class Watch:
    """Watches one version by given settings. Its tests are made once; a new version has a watch of its own.

    A segment has one too, of its own reference, with a share of the budget.
    """

    reference: Reference
    settings: Settings = field(default_factory=Settings)
    parts: int = 1
    """Of the room for what one watch remembers, this one has one of so many: those of segments share it."""

    @cached_property
    def inputs(self) -> Tier:
        """The features' tests."""
        least = self.settings.inputs_effect
        columns = [
            (one.name, one.known, one.kind == "number", max(least, one.blocks)) for one in self.reference.columns
        ]
        return Tier.of("inputs", columns, self.settings, MOST_DETECTORS // self.parts)

    @cached_property
    def predictions(self) -> Tier:
        """The tests of scores and labels."""
        least, answers = self.settings.predictions_effect, self.reference.predictions
        score = ("score", answers.scores, True, max(least, answers.blocks))
        label = ("label", answers.labels, False, max(least, answers.label_blocks))
        return Tier.of("predictions", [score, label], self.settings, MOST_DETECTORS // self.parts)

    @cached_property
    def quality(self) -> Quality:
        """The tests of broken data."""
        return Quality.of(self.reference, self.settings)

    @cached_property
    def loss(self) -> Above | None:
        """The test of harm; None: nobody knows what the model lost at training."""
        return harm.loss_test(self.reference.losses, self.settings)

    @cached_property
    def estimate(self) -> Estimate | None:
        """The test of expected losses; None: nobody knows what the model lost by stratum."""
        return Estimate.of(self.reference.losses, self.settings)

    @cached_property
    def codes(self) -> Codes:
        """How truths are kept until they count."""
        days = 1 if self.settings.as_they_come else self.settings.mature_after_seconds // DAY_SECONDS + GRACE_DAYS + 2
        return Codes.of(self.reference.predictions, days, MOST_CELLS // self.parts)

    @cached_property
    def key(self) -> str:
        """What a state must share to be continued."""
        tests = (self.reference, self.settings, self.parts)
        return hashlib.blake2b(repr(tests).encode(), digest_size=8).hexdigest()

    def resume(self, saved: DriftState | None) -> DriftState:
        """Return the state to go on with: the saved one, or no evidence where it is of other tests."""
        if saved is not None and saved.key == self.key:
            return saved
        return DriftState(self.key, self.inputs.start, self.predictions.start, self.quality.start)

    def fold(self, state: DriftState, counted: Counted, outer: Outer | None = None) -> Folded:
        """Take in an interval; one that began before `through` was folded already, and changes nothing.

        `outer`: of a segment, whose window closes with one of all rows, if it has enough rows of its own by then. So it
        takes no more steps than they do, and its share of the budget holds. Raises ValueError for cells or truths of
        another version.
        """
        if counted.start < state.through:
            return Folded(state)
        window = state.window.plus(counted, self.reference)
        closes = (
            window.closes(counted.end, self.settings.min_rows, self.settings.min_seconds)
            if outer is None
            else outer.closes and window.asked >= self.settings.segment_rows
        )
        cohorts, pool = self._cohorts(state.cohorts, counted, window if closes else None).taken(self.settings)
        clumps = self._clumps(state.clumps, counted, last=closes)
        state = replace(state, through=counted.end, window=window, clumps=clumps, cohorts=cohorts)
        of_window = of_harm = None
        if pool is not None and not self.settings.as_they_come:
            state, of_harm = self._harm(state, pool)
        if closes:
            state, of_window = self._closed(state, window, counted.end, outer.repeated if outer is not None else ())
        if pool is not None and self.settings.as_they_come:
            state, of_harm = self._harm(state, pool)
        return Folded(state, of_window, of_harm)

    def _clumps(self, clumps: Clumps, counted: Counted, *, last: bool) -> Clumps:
        """Return how the blocks of the open window differ, with an interval; the last one closes its block too."""
        if counted.cells is not None:
            clumps = clumps.plus(counted)
        if not clumps.cells or not (last or clumps.closes(counted.end, self.settings.min_seconds)):
            return clumps
        block = read(clumps.cells, self.reference)
        return clumps.closed(self._compared, (*block.columns, *block.predictions))

    @cached_property
    def _compared(self) -> tuple[Compared, ...]:
        return (*self.inputs.columns, *self.predictions.columns)

    def _cohorts(self, cohorts: Cohorts, counted: Counted, closed: Open | None) -> Cohorts:
        """Return what waits for its truth after an interval, and the window that closed with it."""
        if self.settings.as_they_come:
            cohorts = cohorts.came(counted.truths, self.codes)
            return cohorts if closed is None else cohorts.closed(self._bins(closed.cells))
        if counted.cells is not None:
            cohorts = cohorts.predicted(counted.start // (1000 * DAY_SECONDS), self._bins(counted.cells))
        return cohorts.told(counted.truths, self.codes).settled(counted.end, self.settings)

    def _bins(self, cells: Ints) -> tuple[int, ...]:
        return by_bin(cells[self.reference.starts[-1] :], self.reference.predictions.classes)

    def _closed(self, state: DriftState, window: Open, end: int, outer: Ints) -> tuple[DriftState, WindowReport]:
        seen = read(window.cells, self.reference, window.rejected)
        repeated = state.clumps.repeated(self._compared, (*seen.columns, *seen.predictions), outer)
        factors = [one / UNIT for one in repeated]
        of_columns, of_scores = factors[: len(seen.columns)], factors[len(seen.columns) :]
        inputs, of_inputs, levels = self._tested(self.inputs, state.inputs, seen.columns, of_columns, window.rows)
        predictions, of_predictions, of_answers = self._tested(
            self.predictions, state.predictions, seen.predictions, of_scores, window.rows
        )
        estimated, of_estimate = tested(
            self.estimate, state.estimated, seen.strata, max(of_scores), self.settings.alarm_at("estimated")
        )
        top = names(self.inputs.columns, seen.columns, of_columns)
        moved = names(self.predictions.columns, seen.predictions, of_scores)
        quality = self.quality.fold(state.quality, seen.rates)
        report = WindowReport(
            window.opened or 0,
            end,
            window.rows,
            window.unknown,
            of_inputs,
            of_predictions,
            of_estimate,
            self.quality.broken(quality, seen.rates),
            top or self._most(self.inputs, levels, seen.columns, of_inputs),
            moved or self._most(self.predictions, of_answers, seen.predictions, of_predictions),
            Beyond(bool(top), bool(moved)),
            repeated,
        )
        after = replace(
            state,
            inputs=inputs,
            predictions=predictions,
            estimated=estimated,
            quality=quality,
            window=Open(),
            clumps=Clumps(),
            repeated=remembered(state.repeated, max(repeated[len(seen.columns) :])),
            closed=state.closed + 1,
        )
        return after, report

    def _tested(
        self, tier: Tier, levels: Levels, window: tuple[Ints, ...], factors: Sequence[float], rows: int
    ) -> tuple[Levels, Evidence, Levels]:
        """Return the levels to go on with, the evidence, and the levels behind it."""
        found = tier.fold(levels, window, factors)
        together, alarm_at = tier.together(found), self.settings.alarm_at(tier.name)
        tested = any(one.sides and sum(cells) >= LEAST_ROWS for one, cells in zip(tier.columns, window, strict=True))
        state: State = "Unknown" if not tested else "Alarm" if together >= alarm_at else "Quiet"
        evidence = Evidence(tier.name, together, alarm_at, rows, state, tier.detectable)
        return (tier.start if state == "Alarm" else found), evidence, found

    def _most(self, tier: Tier, levels: Levels, window: tuple[Ints, ...], said: Evidence) -> tuple[Name, ...]:
        """Return the column with most evidence at an alarm, where no column is beyond its floor in this window."""
        if said.state != "Alarm":
            return ()
        evidence = tier.evidence(levels)
        most = max(range(len(evidence)), key=evidence.__getitem__)
        return (name(tier.columns[most], window[most]),) if sum(window[most]) else ()

    def _harm(self, state: DriftState, pool: Cohort) -> tuple[DriftState, HarmReport]:
        losses, alarm_at = self.reference.losses, self.settings.alarm_at("harm")
        repeated = max(UNIT, state.repeated) / UNIT
        levels, report = settle(state.harm, pool, self.codes, losses, self.loss, alarm_at, repeated)
        return replace(state, harm=levels), report
