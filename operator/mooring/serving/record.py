"""What serving tells the ledger of each request: who asked, as whom, how long it took, and what was answered.

On the path of a request only references are kept; the ledger bins them later, many at once.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import repeat
from typing import TYPE_CHECKING, cast

import orjson

from mooring.artifact.manifest import Interface
from mooring.artifact.predict import LABEL, PREDICTION, PROBABILITY
from mooring.ledger.binner import NumberEdges, Reference, Strata, TextTable
from mooring.ledger.book import Ledger
from mooring.ledger.callers import Callers
from mooring.ledger.layout import CALLER, MODEL, OK, OVERLOAD, ROLES
from mooring.ledger.profile import Profile
from mooring.ledger.slicer import Slicer
from mooring.serving.backends import Answers, Scalar
from mooring.serving.errors import Rejected
from mooring.serving.http import Request
from mooring.serving.ids import Ids, form_of
from mooring.serving.shadow.answer import FAILED, REFUSED
from mooring.serving.v2.decode import Asked

if TYPE_CHECKING:
    from mooring.serving.capture import Capture
    from mooring.serving.shadow.watch import Watch

_ROLES = {name.encode(): role for role, name in enumerate(ROLES[:3])}
_TESTER = ROLES.index("tester")
_OUTCOMES = {HTTPStatus.SERVICE_UNAVAILABLE: OVERLOAD, HTTPStatus.INTERNAL_SERVER_ERROR: MODEL}
_LEAST_SCALE = 1e-30
"""Ids hold the scale as a float32."""
_PROBABILITY_EDGES = [k / 16 for k in range(1, 16)]


def references(manifest: Interface, profile: Profile | None) -> list[Reference]:
    """Return what the features are counted on: the profile's edges and categories; without one, hardly anything."""
    numbers = {number.name: number for number in profile.numbers} if profile else {}
    texts = {text.name: text for text in profile.categories} if profile else {}
    found: list[Reference] = []
    for feature in manifest.features:
        if feature.datatype == "BYTES":
            text = texts.get(feature.name)
            found.append(TextTable(feature.name, text.categories if text else (), feature.categories))
        elif number := numbers.get(feature.name):
            found.append(NumberEdges(feature.name, number.edges, number.low, number.high))
        else:
            found.append(NumberEdges(feature.name))
    return found


@dataclass(frozen=True)
class Scoring:
    """How answers become strata."""

    strata: Strata
    score: int
    """Which output holds the scores."""
    label: int | None
    """Which holds the labels; None for a regression."""
    codes: Mapping[Scalar, int]
    """The classes' indices."""
    positive: int | None
    """The class whose probability is the score; None: the label's."""
    scale: float = 1.0
    """Of a regression's loss."""

    @classmethod
    def of(cls, manifest: Interface, profile: Profile | None) -> Scoring | None:
        """Return how a model's answers are scored; None where there is nothing to tell them apart by."""
        outputs = {output.name: index for index, output in enumerate(manifest.outputs)}
        predictions = profile.predictions if profile else None
        if manifest.classes is None:
            if PREDICTION not in outputs:
                return None
            edges = predictions.edges if predictions else ()
            known = predictions.error_q90 if predictions else None
            scale = known if known and known > _LEAST_SCALE else 1.0
            return cls(Strata(edges), outputs[PREDICTION], None, {}, None, scale)
        if PROBABILITY not in outputs or LABEL not in outputs:
            return None
        classes = cast("list[Scalar]", manifest.classes)
        strata = Strata(predictions.edges if predictions else _PROBABILITY_EDGES, len(classes))
        codes = {value: index for index, value in enumerate(classes)}
        positive = None if manifest.positive_class is None else codes.get(manifest.positive_class)
        return cls(strata, outputs[PROBABILITY], outputs[LABEL], codes, positive)

    @property
    def outcomes(self) -> str:
        """Return what versions must share to score each other's predictions."""
        return orjson.dumps(list(self.codes)).decode() if self.codes else "regression"

    def of_answers(self, answers: Answers) -> list[int]:
        """Return each row's stratum."""
        scores: Sequence[float] = answers[self.score]  # type: ignore[assignment]  # a cast is a call, for every request
        edges = self.strata.edges
        if self.label is None:
            return [*map(bisect_left, repeat(edges), scores)]
        classes, codes, found = self.strata.classes, self.codes, answers[self.label]
        if len(found) == 1:
            label = codes[found[0]]
            score = scores[label if self.positive is None else self.positive]
            return [bisect_left(edges, score) * classes + label]
        bins = map(bisect_left, repeat(edges), self.shown(answers))
        return [at * classes + label for at, label in zip(bins, map(codes.__getitem__, found), strict=True)]

    def shown(self, answers: Answers) -> Sequence[float]:
        """Return each row's score: of the positive class, where there is none of its label; or the prediction."""
        scores: Sequence[float] = answers[self.score]  # type: ignore[assignment]  # numbers, all of them
        if self.label is None:
            return scores
        classes = self.strata.classes
        if self.positive is not None:
            return scores[self.positive :: classes]
        labels = map(self.codes.__getitem__, answers[self.label])
        return [scores[row * classes + label] for row, label in enumerate(labels)]


class Recorder:
    """Tells one version's ledger of its requests, and gives each answer its id."""

    def __init__(
        self,
        ledger: Ledger,
        ids: Ids,
        scoring: Scoring | None,
        features: Sequence[str],
        slicer: Slicer | None = None,
    ) -> None:
        self.ledger = ledger
        self._ids = ids
        self._scoring = scoring
        self._slicer = slicer
        codes = ledger.layout.strata * ledger.layout.combinations
        self._form = form_of(codes, regression=scoring is not None and scoring.label is None)
        self._features = {name: index for index, name in enumerate(features)}
        self._callers = Callers()
        self._last_role = 0
        self.watch: Watch | None = None
        """Hears of answers while they may be compared with another version's."""
        self.capture: Capture | None = None
        """Keeps a sample of the rows."""
        self.clock = time.perf_counter

    def score(self, request: Request, asked: Asked, answers: Answers) -> list[int]:
        """Return the rows' codes, and put the prediction's id into the answer that is to be written."""
        scoring = self._scoring
        if scoring is None:
            return []
        codes = scoring.of_answers(answers)
        if self._slicer is not None:
            codes = self._slicer.codes(asked.columns, codes)
        role, capture = self._role(request) if request.headers else 0, self.capture
        captured = capture is not None and capture.wants(request, asked)
        if scoring.label is None:
            values = cast("Sequence[float]", answers[scoring.score])
            asked.prediction_id = self._ids.of_values(role, codes, values, scoring.scale, self._form, captured=captured)
        else:
            asked.prediction_id = self._ids.of_classes(role, codes, self._form, captured=captured)
        if captured and capture is not None:
            capture.keep(role, request, asked, answers)
        if self.watch is not None:
            self.watch.answered(role, request, answers)
        return codes

    def answered(self, request: Request, started: float, asked: Asked, codes: Sequence[int]) -> None:
        """Count a request that was answered; `started` is by `clock`."""
        if request.headers:
            role, caller = self._role(request), self._caller(request)
        else:
            role, caller = 0, self._callers[request.address]
        self.ledger.append(role, caller, OK, self.clock() - started, asked.columns, codes)
        self._echo(request, role, asked.prediction_id)

    def failed(self, request: Request, started: float) -> None:
        """Count a request that the model failed on."""
        role = self._role(request)
        self.ledger.append(role, self._caller(request), MODEL, self.clock() - started, (), ())
        if self.watch is not None:
            self.watch.refused(role, request, FAILED)
        self._echo(request, role, None)

    def refused(self, request: Request, problem: Rejected) -> None:
        """Count a request that was turned away, was the caller's mistake, or failed before the model was asked.

        Of one that could not be read as far as its role, it is that of the last one that was.
        """
        role = self._role(request) if request.method or request.headers else self._last_role
        outcome = _OUTCOMES.get(problem.status, CALLER)
        feature = None if problem.feature is None else self._features.get(problem.feature)
        self.ledger.refuse(role, self._caller(request), outcome, feature)
        if self.watch is not None and outcome != OVERLOAD:
            self.watch.refused(role, request, REFUSED if outcome == CALLER else FAILED)
        self._echo(request, role, None)

    def _role(self, request: Request) -> int:
        headers = request.headers
        if not headers:
            return 0
        self._last_role = role = _ROLES.get(headers.get(b"x-mooring-role", b""), 0)
        return _TESTER if b"x-mooring-override" in headers else role

    def _caller(self, request: Request) -> int:
        headers = request.headers
        caller = (headers.get(b"x-mooring-caller") or headers.get(b"x-forwarded-for")) if headers else None
        return self._callers[caller or request.address]

    def _echo(self, request: Request, role: int, prediction_id: str | None) -> None:
        extra = _ECHO[role]
        if prediction_id is not None and len(prediction_id) <= _LONGEST_HEADER:
            extra = b"%bmooring-prediction-id: %b\r\n" % (extra, prediction_id.encode())
        if request.headers and (trace := request.headers.get(b"traceparent")):
            extra = b"%btraceparent: %b\r\n" % (extra, trace)
        request.extra = extra


_ECHO = [f"mooring-role: {role}\r\n".encode() for role in ROLES]
_LONGEST_HEADER = 256
"""Longer ids, of many rows, stand in the body alone: proxies bound what headers may weigh."""
