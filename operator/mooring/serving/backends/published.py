"""What the server tells the world of its backend: which one it is, and the certificate of the compiled form."""

from __future__ import annotations

from collections.abc import Mapping

from mooring.artifact.manifest import Interface
from mooring.serving.metrics import Metric


def parameters(kind: str, manifest: Interface) -> dict[str, object]:
    """Return the model's parameters in `GET /v2/models/M`."""
    found: dict[str, object] = {"backend": kind}
    if manifest.compiled is not None:
        found["compiled"] = manifest.compiled.to_json()
    return found


def backend_metrics(kind: str, manifest: Interface, labels: Mapping[str, str]) -> list[Metric]:
    """Return the same as metrics."""
    info = Metric("mooring_backend_info", "gauge", "What computes the answers.", [({**labels, "backend": kind}, 1)])
    record = manifest.compiled
    if record is None:
        return [info]
    rows, ties, difference = (float(value) for value in (record.rows, record.ties, record.max_difference))
    return [
        info,
        Metric("mooring_compiled_rows", "gauge", "Rows that training compared with scikit-learn.", [(labels, rows)]),
        Metric("mooring_compiled_ties", "gauge", "Of these, tied rows with another label.", [(labels, ties)]),
        Metric("mooring_compiled_max_difference", "gauge", "The greatest difference of one.", [(labels, difference)]),
    ]
