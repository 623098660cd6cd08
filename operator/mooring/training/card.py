"""`card.md`: the model for a reader."""

from __future__ import annotations

from mooring.artifact.manifest import Feature, Manifest, SegmentMetrics


def card(manifest: Manifest) -> str:
    """Return the model card in Markdown."""
    data, gate = manifest.data, manifest.gate
    parameters = ", ".join(f"{item.name}={item.value}" for item in manifest.parameters) or "scikit-learn's defaults"
    lines = [
        f"# {manifest.model}, run {manifest.run}",
        "",
        f"{manifest.task} of `{manifest.target}` by {manifest.estimator} ({parameters}), seed {manifest.seed}.",
        f"Trained {manifest.created_at} by TrainingJob {manifest.namespace}/{manifest.training_job}.",
        "",
        "## Verdict",
        f"**{gate.verdict}**: {gate.message}.",
        "",
        "## Metrics on the held out rows",
        "| metric | value | 95% interval |",
        "|---|---|---|",
        *(f"| {m.name} | {m.value} | {m.low or '?'} to {m.high or '?'} |" for m in manifest.metrics),
        "",
        *_by_segment(manifest.segments),
        "## Data",
        f"`{data.uri}`, digest `{data.digest}`: {data.rows} rows, {data.train_rows} trained on, "
        f"{data.holdout_rows} held out.",
        "",
        "## Features",
        "| name | type | may be missing | categories |",
        "|---|---|---|---|",
        *(_feature_row(feature) for feature in manifest.features),
        "",
        "## Limits",
        f"The metrics hold for rows like the held out ones. {_unchecked(manifest.segments)}",
    ]
    return "\n".join(lines) + "\n"


def _by_segment(segments: list[SegmentMetrics]) -> list[str]:
    if not segments:
        return []
    return [
        "## By segment of the held out rows",
        "| segment | rows | metric | value | 95% interval |",
        "|---|---|---|---|---|",
        *(_segment_row(segment) for segment in segments),
        "",
    ]


def _segment_row(segment: SegmentMetrics) -> str:
    name, first = segment.name.replace("|", "\\|"), segment.metrics[0]
    return f"| {name} | {segment.rows} | {first.name} | {first.value} | {first.low or '?'} to {first.high or '?'} |"


def _unchecked(segments: list[SegmentMetrics]) -> str:
    if not segments:
        return "Nothing was checked for groups of people or other slices."
    return "Of groups of people and other slices the segments above were measured, and nothing else."


def _feature_row(feature: Feature) -> str:
    missing = "yes" if feature.nullable else "no"
    return f"| {feature.name} | {feature.datatype} | {missing} | {len(feature.categories or ()) or ''} |"
