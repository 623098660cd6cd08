"""Probabilities that go off: how soon it is seen that a model is no more as sure as it should be, by which loss.

People of 2015 (who is employed?), answered by a real model. Truths are redrawn where the stream changes, so that labels
are as right as before and the probabilities mean less; and, beside that, so that labels are wrong more often.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from bench.drifting.asked import ask
from bench.drifting.ours import HOUR
from bench.drifting.peers.exchange import Job
from bench.drifting.worlds import census_2015
from bench.peers.environments import Unavailable
from mooring.ledger.binner import Strata
from mooring.stats.drift import Counted, Losses, LossName, Predictions, Reference, Settings, Truth, Watch
from mooring.stats.drift.losses import LEAST_PROBABILITY
from mooring.stats.drift.settings import DAY_SECONDS, SHARES
from mooring.training.profile import frozen_edges

RUNS = 40
TRAINED, LABELLED = 20_000, 5000
"""Rows that the model knows, and of the labelled reference: another sample of 20,000 rows in each run."""
BEFORE, AFTER, QUIET = 2000, 8000, 20_000
"""Rows before the change and after it, and of a stream without one."""
WINDOW = 200
DAYS = 10
BUDGET = round(DAYS * DAY_SECONDS / 3600 / SHARES["harm"]) * WINDOW
"""Rows in which one false alarm of harm is allowed on average, where a window takes an hour."""
TOLERANCES: dict[LossName, float] = {"zero_one": 0.01, "brier": 0.01, "log_loss": 0.02}
TITLES: dict[LossName, str] = {"zero_one": "accuracy", "brier": "brier", "log_loss": "log_loss"}
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """Rows as the model answered them."""

    said: Floats
    """The probability of the positive class."""
    right: Bools
    """Whether the label was."""

    def __getitem__(self, rows: Ints) -> Answers:
        return Answers(self.said[rows], self.right[rows])

    @property
    def labels(self) -> Ints:
        """The likelier class."""
        return (self.said > 0.5).astype(np.int64)

    @property
    def outcomes(self) -> Ints:
        """The true class."""
        return np.where(self.right, self.labels, 1 - self.labels)

    def losses(self, loss: LossName) -> Floats:
        """Return what each row loses, by its exact probability."""
        if loss == "zero_one":
            return (~self.right).astype(np.float64)
        if loss == "brier":
            return (self.outcomes - self.said) ** 2
        came = np.where(self.outcomes == 1, self.said, 1 - self.said)
        return -np.log(np.maximum(LEAST_PROBABILITY, came))


Change = Callable[[Answers, np.random.Generator], Bools]
"""Which labels are right from then on."""


def _mixed(share: float) -> Change:
    """Labels are as right as before, and of a share of the rows however sure the model was."""

    def right(answers: Answers, random: np.random.Generator) -> Bools:
        found, some = answers.right.copy(), np.flatnonzero(random.random(len(answers.right)) < share)
        found[some] = found[random.permutation(some)]
        return found

    return right


def _flipped(answers: Answers, random: np.random.Generator) -> Bools:
    """One truth in ten is another."""
    return np.asarray(answers.right ^ (random.random(len(answers.right)) < 0.1))


CHANGES: dict[str, Change] = {
    "as right, whatever the score": _mixed(1.0),
    "as right, half of the rows whatever the score": _mixed(0.5),
    "a tenth of the truths another": _flipped,
}


@dataclass(frozen=True)
class Line:
    """What one way to look says: rows until found in each run of each change; the share of quiet runs with an alarm."""

    title: str
    delays: tuple[Sequence[float], ...]
    false: float


def table(runs: int) -> list[str]:
    """Return one line for each loss of ours and each detector, and what there was to see."""
    known, rows = _answers()
    streams = [_streams(rows, runs, change, at) for at, change in enumerate(CHANGES.values())]
    quiet = _streams(rows, runs, None, len(CHANGES))
    title = f"| rows until found (median of all runs; missed); one false alarm in {BUDGET:,} rows is allowed | "
    shown = [f"{title}{' | '.join(CHANGES)} | runs with a false alarm |", "|---|" + "--:|" * (len(CHANGES) + 1)]
    lines = [_ours(known, streams, quiet, loss) for loss in TITLES]
    try:
        lines += _peers(streams, quiet)
        shown += [_row(line) for line in lines]
    except Unavailable as problem:
        shown += [*map(_row, lines), f"| river | {problem} |"]
    return [*shown, *(_lost(streams, loss) for loss in TITLES)]


def _answers() -> tuple[Answers, Answers]:
    """Return rows for references, and rows for streams: neither is known to the model."""
    features, truths = census_2015()
    model = HistGradientBoostingClassifier(max_iter=50, early_stopping=False, random_state=3)
    with threadpool_limits(1):
        model.fit(features[:TRAINED], truths[:TRAINED])
        said = model.predict_proba(features[TRAINED:])[:, 1]
    answers = Answers(said, (said > 0.5) == (truths[TRAINED:] == 1))
    return answers[np.arange(20_000)], answers[np.arange(20_000, len(said))]


def _streams(rows: Answers, runs: int, change: Change | None, seed: int) -> list[Answers]:
    found = []
    for run in range(runs):
        random = np.random.default_rng((31, seed, run))
        chosen = rows[random.integers(0, len(rows.said), QUIET if change is None else BEFORE + AFTER)]
        if change is not None:
            chosen.right[BEFORE:] = change(chosen[np.arange(BEFORE, BEFORE + AFTER)], random)
        found.append(chosen)
    return found


def _ours(known: Answers, changed: Sequence[Sequence[Answers]], quiet: Sequence[Answers], loss: LossName) -> Line:
    delays, false = [], []
    for streams in changed:
        delays.append([_delay(_alarms(known, stream, loss, run)) for run, stream in enumerate(streams)])
    for run, stream in enumerate(quiet):
        false.append(bool(_alarms(known, stream, loss, run)))
    return Line(f"**Mooring**, `{TITLES[loss]}`", tuple(delays), sum(false) / len(false))


def _alarms(known: Answers, stream: Answers, loss: LossName, run: int) -> list[int]:
    """Return the rows of the alarms of a watch as the operator has it; truths come within seconds."""
    random = np.random.default_rng((32, run))
    sample = known[random.integers(0, len(known.said), LABELLED)]
    strata = Strata(frozen_edges(sample.said).tolist(), 2)
    bins = len(strata.edges) + 1
    answers = Predictions(bins, 2, edges=tuple(strata.edges), positive=1, loss=loss)
    places = _strata(sample, strata)
    of_strata, lost = (np.bincount(some, minlength=2 * bins).tolist() for some in (places, places[~sample.right]))
    settings = Settings(min_rows=WINDOW, per_days=DAYS, tolerance=TOLERANCES[loss], mature_after_seconds=0)
    watch = Watch(Reference((), answers, Losses.of(answers, of_strata, lost)), settings)
    state, found = watch.resume(None), []
    places, outcomes = _strata(stream, strata), stream.outcomes
    for at in range(len(places) // WINDOW):
        rows = slice(at * WINDOW, (at + 1) * WINDOW)
        joined = Counter(zip(places[rows].tolist(), outcomes[rows].tolist(), strict=True))
        truths = tuple(Truth(0, stratum, outcome, count) for (stratum, outcome), count in joined.items())
        cells = np.bincount(places[rows], minlength=2 * bins).tolist()
        folded = watch.fold(state, Counted(at * HOUR, (at + 1) * HOUR, WINDOW, cells, truths))
        state = folded.state
        if folded.harm is not None and folded.harm.state == "Alarm":
            found.append((at + 1) * WINDOW)
    return found


def _strata(answers: Answers, strata: Strata) -> Ints:
    return np.searchsorted(np.array(strata.edges), answers.said, side="left") * 2 + answers.labels


def _peers(changed: Sequence[Sequence[Answers]], quiet: Sequence[Answers]) -> list[Line]:
    found = []
    asked: dict[LossName, tuple[str, ...]] = {"zero_one": ("ADWIN",), "brier": ("ADWIN", "Page-Hinkley")}
    for loss, detectors in asked.items():
        told = [_told(streams, loss) for streams in (*changed, quiet)]
        what = "wrong labels" if loss == "zero_one" else "Brier's losses"
        for name in detectors:
            delays = tuple([_delay(run) for run in alarms[name]] for alarms in told[:-1])
            false = [bool(run) for run in told[-1][name]]
            found.append(Line(f"river's {name} on {what}", delays, sum(false) / len(false)))
    return found


def _told(streams: Sequence[Answers], loss: LossName) -> dict[str, list[list[int]]]:
    """Return the alarms of each of river's detectors in each run."""
    with tempfile.TemporaryDirectory(prefix="mooring-bench-") as scratch:
        path = Path(scratch, "losses.npy")
        np.save(path, np.stack([stream.losses(loss) for stream in streams]))
        answer = ask("river", Job("losses", files={"losses": str(path)}))
    alarms = answer["alarms"]
    return {
        name: [alarms[(alarms[:, 0] == index) & (alarms[:, 1] == run), 2].tolist() for run in range(len(streams))]
        for index, name in enumerate(answer["names"].tolist())
    }


def _delay(alarms: Sequence[int]) -> float:
    return min((at - BEFORE for at in alarms if at > BEFORE), default=inf)


def _row(line: Line) -> str:
    return f"| {line.title} | {' | '.join(map(_when, line.delays))} | {line.false:.0%} |"


def _when(delays: Sequence[float]) -> str:
    middle, missed = median(delays), 1 - sum(map(isfinite, delays)) / len(delays)
    return (f"{middle:,.0f}" if isfinite(middle) else "–") + (f"; {missed:.0%}" if missed else "")


def _lost(changed: Sequence[Sequence[Answers]], loss: LossName) -> str:
    """Return the line of what was lost before each change and after it."""
    cells = []
    for streams in changed:
        lost = np.stack([stream.losses(loss) for stream in streams])
        before, after = lost[:, :BEFORE].mean(), lost[:, BEFORE:].mean()
        cells.append(f"{before:.1%} → {after:.1%}" if loss == "zero_one" else f"{before:.3f} → {after:.3f}")
    names = {"zero_one": "wrong labels", "brier": "Brier score", "log_loss": "log loss"}
    return f"| *{names[loss]}, before and after* | {' | '.join(cells)} | |"
