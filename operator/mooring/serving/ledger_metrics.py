"""The ledger as Prometheus reads it: the same counts, so that a dashboard and the judge never differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from mooring.ledger.interval import Cells, cells
from mooring.ledger.latency import by_bucket
from mooring.ledger.layout import FEEDBACK, LATENCY_MICROSECONDS, OUTCOMES, ROLES, Layout
from mooring.serving.metrics import Labels, Metric, Sample, histogram

EDGES = [edge / 1e6 for edge in LATENCY_MICROSECONDS]
STATUS = {"ok": "200", "caller": "400", "model": "500", "overload": "503"}

_Counts = Mapping[str, Cells]


def ledger_metrics(layout: Layout, totals: _Counts, model: str, version: str) -> list[Metric]:
    """Return our metrics and those that dashboards for MLServer and KServe read, of what was counted so far by role.

    A pod that nobody asked yet has its zeros under `stable`, so that rates begin at the first request.
    """
    told = totals or {ROLES[0]: cells(size=layout.size)}
    mine = _Telling(layout, told, {"model": model, "version": version})
    return [*mine.requests(), *mine.rows(), *mine.features(), *mine.truths(), *mine.mlserver(), *mine.kserve()]


class _Telling:
    def __init__(self, layout: Layout, totals: _Counts, labels: Labels) -> None:
        self._layout = layout
        self._totals = totals
        self._labels = labels

    def requests(self) -> Iterable[Metric]:
        yield self._counter(
            "mooring_requests_total",
            "Requests for predictions by what became of them.",
            self._by_outcome,
        )
        yield self._durations(
            "mooring_request_duration_seconds", "From a request's arrival to its answer.", self._labels
        )

    def rows(self) -> Iterable[Metric]:
        yield self._counter(
            "mooring_rows_total", "Rows that were answered.", lambda cells: [({}, self._of(cells, "rows")[0])]
        )
        yield self._counter("mooring_predictions_total", "Rows by the index of their label.", self._by_label)
        yield self._counter(
            "mooring_shadow_requests_total",
            "Mirrored requests by whether their answer was the one that the caller got.",
            self._shadow,
        )

    def features(self) -> Iterable[Metric]:
        yield self._counter(
            "mooring_rejected_inputs_total", "Refused requests by the feature that was wrong.", self._rejected
        )
        yield self._counter(
            "mooring_feature_rows_total",
            "Rows with a value that the reference has no bin for, by feature.",
            self._outside,
        )

    def truths(self) -> Iterable[Metric]:
        about = "Truths that were told, by what became of them."
        yield self._counter(
            "mooring_feedback_total", about, lambda cells: _named("result", FEEDBACK, self._of(cells, "feedback"))
        )

    def mlserver(self) -> Iterable[Metric]:
        labels = self._labels
        sums = self._over_roles(self._by_outcome)
        failed = sum(count for outcome, count in sums.items() if outcome != "ok")
        yield Metric("model_infer_request_success_total", "counter", "Alias for MLServer's.", [(labels, sums["ok"])])
        yield Metric("model_infer_request_failure_total", "counter", "Alias for MLServer's.", [(labels, failed)])
        counts, seconds = self._latency()
        both: list[Sample] = [(labels, sum(counts), "_count"), (labels, seconds, "_sum")]
        yield Metric("model_infer_request_duration", "summary", "Alias for MLServer's.", both)
        path = {"method": "POST", "path": "/v2/models/{model_name}/infer"}
        answers = [({**path, "status_code": STATUS[outcome]}, count) for outcome, count in sums.items()]
        yield Metric("rest_server_requests_total", "counter", "Alias for MLServer's.", answers)
        series = [({**path, "status_code": "200"}, counts, seconds)]
        yield histogram("rest_server_request_duration_seconds", "Alias for MLServer's.", series, EDGES)

    def kserve(self) -> Iterable[Metric]:
        series = [({"model_name": self._labels["model"]}, *self._latency())]
        yield histogram("request_predict_seconds", "Alias for KServe's.", series, EDGES)

    def _counter(self, name: str, about: str, read: Callable[[Cells], Iterable[tuple[Labels, int]]]) -> Metric:
        samples = [
            ({**self._labels, "role": role, **labels}, count)
            for role, cells in self._totals.items()
            for labels, count in read(cells)
        ]
        return Metric(name, "counter", about, samples)

    def _durations(self, name: str, about: str, labels: Labels) -> Metric:
        series = [({**labels, "role": role}, *self._of_role(cells)) for role, cells in self._totals.items()]
        return histogram(name, about, series, EDGES)

    def _of(self, cells: Cells, field: str) -> Sequence[int]:
        return cells[self._layout.slices[field]]

    def _of_role(self, cells: Cells) -> tuple[list[int], float]:
        return by_bucket(self._of(cells, "latency")), self._of(cells, "microseconds")[0] / 1e6

    def _latency(self) -> tuple[list[int], float]:
        each = [self._of_role(cells) for cells in self._totals.values()]
        return [sum(counts) for counts in zip(*(counts for counts, _ in each), strict=True)], sum(s for _, s in each)

    def _over_roles(self, read: Callable[[Cells], Iterable[tuple[Labels, int]]]) -> dict[str, int]:
        found = dict.fromkeys(OUTCOMES, 0)
        for counts in self._totals.values():
            for labels, count in read(counts):
                found[labels["outcome"]] += count
        return found

    def _by_outcome(self, cells: Cells) -> list[tuple[Labels, int]]:
        callers = self._of(cells, "callers")
        return [({"outcome": name}, sum(callers[index :: len(OUTCOMES)])) for index, name in enumerate(OUTCOMES)]

    def _by_label(self, cells: Cells) -> list[tuple[Labels, int]]:
        strata, classes = self._of(cells, "predictions"), self._layout.classes
        return [({"label": str(label)}, sum(strata[label::classes])) for label in range(classes)]

    def _shadow(self, cells: Cells) -> list[tuple[Labels, int]]:
        compared, differ = self._of(cells, "shadow")
        return [({"answer": "same"}, compared - differ), ({"answer": "different"}, differ)] if compared else []

    def _rejected(self, cells: Cells) -> list[tuple[Labels, int]]:
        names = [*(feature.name for feature in self._layout.features), ""]
        return [pair for pair in _named("feature", names, self._of(cells, "rejected")) if pair[1]]

    def _outside(self, cells: Cells) -> list[tuple[Labels, int]]:
        found: list[tuple[Labels, int]] = []
        for index, feature in enumerate(self._layout.features):
            counts = self._layout.of_feature(cells, index)[feature.bins :]
            found += [
                ({"feature": feature.name, "value": name}, n) for name, n in zip(feature.extra, counts, strict=True)
            ]
        return found


def _named(label: str, names: Sequence[str], counts: Sequence[int]) -> list[tuple[Labels, int]]:
    return [({label: name}, count) for name, count in zip(names, counts, strict=True)]
