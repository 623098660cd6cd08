"""From a version's profile, the layout of its ledgers and what a policy asks, to what `mooring.stats.drift` tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Final

from mooring.api.driftpolicy import DriftPolicySpec
from mooring.ledger.layout import LOSS_EDGES, FeatureCells, Layout
from mooring.ledger.profile import CategoryProfile, NumberProfile, Profile, SegmentProfile
from mooring.reconcile.drift.sliced import chosen, numbers_of
from mooring.stats.drift import Column, Counted, Losses, LossName, Predictions, Reference, Settings, Truth, Watch
from mooring.stats.drift.clumps import UNIT

_OF_PROBABILITIES: Final[tuple[LossName, ...]] = ("brier", "log_loss")
"""Metrics that are losses of probabilities: named alike."""
ALL_ROWS: Final = 0.5
"""Of the budget, where segments are watched as well: they share the rest."""


@dataclass(frozen=True)
class Asked:
    """What a policy asks of the tests. Another one begins with no evidence."""

    settings: Settings
    exclude: tuple[str, ...] = ()
    metric: str | None = None
    """By which harm is judged: accuracy, brier or log_loss (classes), mae (numbers). None: by the task."""
    segments: tuple[str, ...] = ()
    """Columns by whose values rows are watched apart as well, as far as the version was sliced by them."""

    @classmethod
    def of(cls, spec: DriftPolicySpec) -> Asked:
        """Return what a spec asks."""
        settings = Settings(
            min_rows=spec.window.min_rows,
            min_seconds=spec.window.min_seconds,
            per_days=spec.false_alarms.per_days,
            missing=float(spec.quality.missing),
            unseen=float(spec.quality.unseen),
            out_of_range=float(spec.quality.out_of_range),
            inputs_effect=float(spec.inputs.effect),
            predictions_effect=float(spec.predictions.effect),
            tolerance=float(spec.harm.tolerance),
            mature_after_seconds=spec.harm.labels.mature_after_seconds,
            min_coverage=float(spec.harm.labels.min_coverage),
        )
        segments = tuple(segment.column for segment in spec.segments)
        return cls(settings, tuple(sorted(spec.features.exclude)), spec.harm.metric, segments)


@dataclass(frozen=True)
class Fitted:
    """A version's tests, and which of a ledger's cells they are about."""

    layout: Layout
    asked: Asked
    profile: Profile | None
    """None: the version came without; windows are counted, and say nothing."""
    of_segments: int = 0
    """These are the tests of one of so many segments; 0: of all rows."""

    @cached_property
    def watch(self) -> Watch:
        """Return the tests; raises ValueError where layout and profile do not fit."""
        columns = tuple(_column(feature, self.profile) for feature in self.layout.features if self.watches(feature))
        answers = replace(_predictions(self.layout, self.profile), loss=self.loss)
        losses = _losses(answers, self.profile) if self.by_metric and self.says_of_what else Losses(0, 0)
        settings = replace(self.asked.settings, share=self._share)
        return Watch(Reference(columns, answers, losses), settings, max(1, self.of_segments))

    @property
    def _share(self) -> float:
        """Of the budget: with segments, all rows have one half of it, and the segments share the other."""
        if self.of_segments:
            return (1 - ALL_ROWS) / self.of_segments
        return ALL_ROWS if self.sliced else 1.0

    @cached_property
    def sliced(self) -> tuple[str, ...]:
        """Columns that are asked for and that the version was sliced by."""
        counted, known = numbers_of(self.layout), {segment.column for segment in self._known}
        return tuple(column for column in self.asked.segments if column in counted and column in known)

    @property
    def _known(self) -> Sequence[SegmentProfile]:
        return (self.profile.segments if self.profile is not None else None) or ()

    @cached_property
    def segments(self) -> tuple[Within, ...]:
        """Return the tests of segments, in the order of the columns that are asked for and of the reference's values.

        Raises ValueError where layout and profile do not fit.
        """
        counted = chosen(self.layout, self.sliced)
        known = [segment for column in self.sliced for segment in self._known if segment.column == column]
        if len(counted) != len(known):
            raise ValueError(f"the profile has {len(known)} segments, pods count {len(counted)}")
        of_each = zip(counted.items(), known, strict=True)
        return tuple(Within(number, own, segment, self, len(known)) for (number, own), segment in of_each)

    @property
    def by_metric(self) -> bool:
        """Return whether the metric that is asked for is one of what the model does."""
        known = ("accuracy", "brier", "log_loss") if self.layout.classes > 1 else ("mae",)
        return self.asked.metric is None or self.asked.metric in known

    @property
    def says_of_what(self) -> bool:
        """Return whether the profile says what its scores are the probability of, where that is asked for.

        Profiles of two classes did not always say which of them is the positive one.
        """
        positive = self.profile.predictions.positive if self.profile is not None else None
        return self._of_probabilities is None or self.layout.classes > 2 or positive is not None

    @property
    def loss(self) -> LossName:
        """Return what truths cost; where the metric cannot be had, nothing is concluded from it."""
        asked = self._of_probabilities
        usable = self.profile is not None and self.by_metric and self.says_of_what
        return asked if asked is not None and usable else "zero_one"

    @property
    def _of_probabilities(self) -> LossName | None:
        return next((loss for loss in _OF_PROBABILITIES if loss == self.asked.metric), None)

    def watches(self, feature: FeatureCells) -> bool:
        """Return whether the policy watches a feature."""
        return feature.name not in self.asked.exclude

    @cached_property
    def empty(self) -> tuple[int, ...]:
        """The cells of all features and predictions where nothing was counted."""
        return (0,) * (sum(feature.cells for feature in self.layout.features) + self.layout.bins * self.layout.classes)

    def cells(self, counted: Sequence[int]) -> Sequence[int]:
        """Return the cells that are tested, of those of all features and predictions."""
        if not self.asked.exclude:
            return counted
        return tuple(chain.from_iterable(counted[part] for part in self._kept))

    def rejected(self, counted: Sequence[int]) -> Sequence[int] | None:
        """Return the refused requests of each feature that is tested, of those of all; None: nobody was refused."""
        if not any(counted):
            return None
        told = zip(self.layout.features, counted, strict=False)  # the last count is of no feature
        return tuple(count for feature, count in told if self.watches(feature))

    def of_all(self, repeated: Sequence[int]) -> tuple[int, ...]:
        """Return a number of each feature, then of score and label, from those that are tested; 0: it is not."""
        tested = iter(repeated)
        return (*(next(tested) if self.watches(feature) else 0 for feature in self.layout.features), *tested)

    def of_tested(self, repeated: Sequence[int]) -> tuple[int, ...] | None:
        """Return the numbers of what is tested, from those of all; None: there are none.

        A feature that was not tested then counts as one whose rows are all different.
        """
        if not repeated:
            return None
        features, answers = repeated[: len(self.layout.features)], repeated[len(self.layout.features) :]
        told = zip(self.layout.features, features, strict=True)
        return (*(max(UNIT, one) for feature, one in told if self.watches(feature)), *answers)

    @cached_property
    def _kept(self) -> tuple[slice, ...]:
        """Return the parts of the cells that are tested: as few as there can be."""
        found, at, first = [], 0, 0
        for feature in self.layout.features:
            end = at + feature.cells
            if not self.watches(feature):
                found.append(slice(first, at))
                first = end
            at = end
        return tuple(part for part in (*found, slice(first, len(self.empty))) if part.start < part.stop)


@dataclass(frozen=True)
class Within:
    """One segment that is watched."""

    number: int
    """Among the segments of the layout."""
    own: slice
    """The cells of its own column, among those of all features."""
    segment: SegmentProfile
    whole: Fitted
    """The tests of all rows."""
    of: int
    """How many segments share a budget."""

    @cached_property
    def fitted(self) -> Fitted:
        """Return the tests of all rows on the segment's own reference, without the column that it is a value of."""
        whole, column = self.whole, self.segment.column
        profile = whole.profile.within(self.segment) if whole.profile is not None else None
        asked = replace(whole.asked, exclude=(*whole.asked.exclude, column), segments=())
        return Fitted(whole.layout, asked, profile, self.of)

    @property
    def where(self) -> str:
        """How a sentence about it begins."""
        column = self.segment.column
        return f"where {column} is {self.segment.name.removeprefix(f'{column}=')}: "

    def tested(self, counted: Counted) -> Counted:
        """Return what is tested of counts of all features."""
        cells = self.fitted.cells(counted.cells) if counted.cells is not None else None
        return replace(counted, cells=cells, repeated=self.fitted.of_tested(counted.repeated or ()))

    def counted(self, start: int, end: int, cells: Sequence[int] | None, truths: tuple[Truth, ...]) -> Counted:
        """Return counts of all features, of which each row has one in the segment's own column."""
        return Counted(start, end, sum(cells[self.own]) if cells is not None else 0, cells, truths)


def digest_of(profile: Profile) -> str:
    """Return what two references must share to be the same: SHA-256 over the canonical JSON."""
    text = json.dumps(profile.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _column(feature: FeatureCells, profile: Profile | None) -> Column:
    if profile is None:
        return Column(feature.name, feature.kind, (0,) * feature.bins, other=None)
    known: Sequence[NumberProfile] | Sequence[CategoryProfile] = (
        profile.numbers if feature.kind == "number" else profile.categories
    )
    found = next((one for one in known if one.name == feature.name), None)
    if found is None:
        raise ValueError(f"the profile has no {feature.kind} {feature.name!r}, which pods count")
    if len(found.counts) != feature.bins:
        raise ValueError(f"{feature.name}: the profile has {len(found.counts)} bins, pods count {feature.bins}")
    counts = tuple(found.counts)
    other = 0 if isinstance(found, NumberProfile) else found.other if found.listed else None
    return Column(feature.name, feature.kind, counts, other, found.missing, found.blocks or 0.0)


def _predictions(layout: Layout, profile: Profile | None) -> Predictions:
    loss_edges = LOSS_EDGES if layout.classes == 1 else ()
    if profile is None:
        return Predictions(layout.bins, layout.classes, loss_edges=loss_edges)
    known = profile.predictions
    if len(known.counts) != layout.bins:
        raise ValueError(f"predictions: the profile has {len(known.counts)} bins, pods count {layout.bins}")
    labels = tuple(known.classes or ())
    if labels and len(labels) != layout.classes:
        raise ValueError(f"predictions: the profile has {len(labels)} classes, pods count {layout.classes}")
    return Predictions(
        layout.bins,
        layout.classes,
        tuple(known.counts),
        labels,
        tuple(known.edges),
        known.positive,
        loss_edges,
        known.error_q90,
        known.blocks or 0.0,
        known.label_blocks or 0.0,
    )


def _losses(answers: Predictions, profile: Profile | None) -> Losses:
    strata, lost = (profile.predictions.strata, profile.predictions.losses) if profile is not None else (None, None)
    if strata is None or lost is None:
        return Losses(0, 0)
    return Losses.of(answers, strata, lost)
