"""The loop closes: a column changes its meaning, ground truth shows harm, and a policy has the model replaced."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from cluster.paths import REPOSITORY
from demo import chain, data, place, upstream
from demo.chain import Link
from demo.errors import DemoFailed
from demo.follow import follow
from demo.kubectl import Kubectl
from demo.picture import Mark, draw
from demo.say import say
from demo.serve import describe, until_serving
from demo.serve import read as deployment_of
from demo.stream import Asked, Stream
from demo.visitors import Change, Phase, Second
from mooring.api.driftpolicy import DriftPolicy
from mooring.api.modelversion import ModelVersion
from mooring.api.trainingjob import RunStatus, TrainingJob

MODEL = "employment"
SAMPLES = REPOSITORY / "samples" / "census"
RECIPE = SAMPLES / "employment-trainingjob.yaml"
SERVING = SAMPLES / "employment-modeldeployment.yaml"
POLICY = SAMPLES / "driftpolicy.yaml"
KEY = "census/recent/people.parquet"
"""Where the pipeline keeps the people of last year."""
SERVED_YEAR, NEW_YEAR = 2017, 2016
ROWS = 12_000
RATE, BATCH = 25, 12
QUIET = Phase("as at training")
RECODED = Phase("education recoded upstream", (Change(upstream.EDUCATION, codes=upstream.new_codes()),))
WINDOW_SECONDS, ASK_SECONDS, RUN_SECONDS, ROLLOUT_SECONDS = 120.0, 240.0, 240.0, 420.0
AFTER_SECONDS = 8
"""Of the new version alone."""
LEAST_GAIN = 0.03


@dataclass
class Course:
    """What happened, as it is drawn."""

    marks: list[Mark] = field(default_factory=list)
    fired: list[Link] = field(default_factory=list)
    """The request as it was while it was open."""

    def mark(self, title: str, at: float | None = None) -> None:
        """Remember a moment."""
        self.marks.append(Mark(time.time() if at is None else at, title))


def write_people(people: pd.DataFrame) -> None:
    """Write what the pipeline keeps, over what it kept before."""
    with tempfile.TemporaryDirectory() as made, place.store(place.store_keys()) as keys:
        file = Path(made, "people.parquet")
        people.to_parquet(file, index=False)
        data.put(KEY, file, keys)
    say(f"{data.BUCKET}/{KEY}: {len(people):,} people")


def watch(
    kubectl: Kubectl, stream: Stream, image: str, phases: Sequence[Phase] = (QUIET, RECODED), batch: int = BATCH
) -> None:
    """Let visitors ask, and apply the policy."""
    say(f"visitors begin to ask about people of {SERVED_YEAR}, {RATE * batch} a second, and tell the truth right after")
    stream.begin([MODEL], Asked(MODEL, image, RATE, batch), upstream.visitors(SERVED_YEAR, ROWS), phases)
    kubectl.apply(POLICY)
    say("its windows are seconds long and its budget is one false alarm a day, so that this takes a minute, not a week")


def until_quiet(kubectl: Kubectl, windows: int = 1) -> None:
    """Return when so many windows have closed."""
    follow(
        "windows close",
        lambda: policy_of(kubectl),
        tell=news,
        done=lambda seen: seen.status.window is not None and seen.status.window.closed >= windows,
        seconds=WINDOW_SECONDS,
        look_at=look_at(kubectl),
    )


def until_asked(kubectl: Kubectl, course: Course, known: str = "") -> str:
    """Return the id of the policy's next request once it is asked; `known` is the id of the one before."""

    def look() -> DriftPolicy:
        seen = policy_of(kubectl)
        request = seen.status.request
        if request is not None and request.id != known and not course.fired:
            course.mark(f"fired: {request.id}", request.at.timestamp())
            record = f"DriftPolicy/{seen.metadata.name} .status.request"
            course.fired.append(Link(record, f"{request.id} {request.action}: {request.reason}", request.at))
        return seen

    seen = follow(
        "the policy asks for training",
        look,
        tell=news,
        done=lambda seen: _asked(seen, known) is not None,
        seconds=ASK_SECONDS,
        look_at=look_at(kubectl),
    )
    asked = _asked(seen, known)
    assert asked is not None  # noqa: S101 (followed until it is)
    return asked


def _asked(policy: DriftPolicy, known: str) -> str | None:
    """Return the id of a new request that was asked: whoever acted on it made it the last one."""
    request, last = policy.status.request, policy.status.last
    if last is not None and last.id != known:
        return last.id
    return request.id if request is not None and request.id != known and request.state == "Asked" else None


def until_trained(kubectl: Kubectl, request: str) -> RunStatus:
    """Return the finished run that a request asked for; raises DemoFailed where it made no version."""
    job = follow(
        f"the run for {request} ends",
        lambda: job_of(kubectl),
        tell=lambda seen: (
            "" if (run := _run(seen, request)) is None else f"run {run.run} for {run.request}: {run.reason}"
        ),
        done=lambda seen: (run := _run(seen, request)) is not None and run.finished_at is not None,
        seconds=RUN_SECONDS,
        look_at=look_at(kubectl),
    )
    run = _run(job, request)
    if run is None or run.version is None or run.unchanged:
        raise DemoFailed(f"the run for {request} made no new version: {run}", *look_at(kubectl))
    say(f"{run.version} is recorded: {run.verdict}")
    return run


def until_canary(kubectl: Kubectl, version: str, course: Course) -> None:
    """Return when a version is judged."""
    follow(
        f"{version} is a canary",
        lambda: deployment_of(kubectl, MODEL),
        tell=lambda _: "",
        done=lambda seen: version in {arm.version for arm in (seen.status.canary, seen.status.stable) if arm},
        seconds=ROLLOUT_SECONDS,
        look_at=describe(kubectl, MODEL),
    )
    course.mark("canary")


def until_promoted(kubectl: Kubectl, version: str, course: Course) -> None:
    """Return when users are led to a version alone."""
    deployment = until_serving(kubectl, MODEL, version, seconds=ROLLOUT_SECONDS)
    ended = next(entry for entry in deployment.status.history if entry.to == version)
    course.mark("promoted", ended.at.timestamp())


def until_told(kubectl: Kubectl, request: str) -> None:
    """Return when the policy says what became of its request."""
    follow(
        f"the policy says what became of {request}",
        lambda: policy_of(kubectl),
        tell=news,
        done=lambda seen: (
            seen.status.last is not None and (seen.status.last.id, seen.status.last.outcome) == (request, "Promoted")
        ),
        seconds=ASK_SECONDS,
        look_at=look_at(kubectl),
    )


def picture(seconds: list[Second], course: Course, at_training: float) -> str:
    """Return what happened as SVG."""
    title = f"{MODEL}: education recoded upstream, and the loop around it"
    return draw(seconds, course.marks, title=title, at_training=at_training)


def accuracy(seconds: list[Second], version: str | None = None, phase: str | None = None) -> float:
    """Return the share of right answers, of one version, in one phase."""
    chosen = [second for second in seconds if phase in (None, second.phase)]
    counted = [of for second in chosen for name, of in second.versions.items() if version in (None, name)]
    rows = sum(rows for rows, _ in counted)
    if rows == 0:
        raise DemoFailed(f"nobody was answered by {version or 'any version'}")
    return sum(right for _, right in counted) / rows


def at_training(kubectl: Kubectl, version: str) -> float:
    """Return the accuracy that a version had on rows held out."""
    record = kubectl.read(ModelVersion, version)
    metrics = {metric.name: float(metric.value) for metric in record.spec.metrics} if record is not None else {}
    return metrics["accuracy"]


def policy_of(kubectl: Kubectl, name: str = MODEL) -> DriftPolicy:
    """Return a policy; raises DemoFailed where it is gone."""
    found = kubectl.read(DriftPolicy, name)
    if found is None:
        raise DemoFailed(f"DriftPolicy {name} was deleted while it was followed")
    return found


def news(policy: DriftPolicy) -> str:
    """Return what a policy says of itself, shortly."""
    status = policy.status
    parts = []
    if status.window is not None:
        parts.append(f"{status.window.closed} windows closed")
    parts += [
        f"{one.test} {one.state}, evidence {one.value} of {one.alarm_at}"
        for one in status.evidence
        if one.test == "harm"
    ]
    true = {item.type: item.message for item in status.conditions if item.status == "True"}
    if "DataQualityBroken" in true:
        parts.append(true["DataQualityBroken"])
    if "Drifted" in true:
        parts.append(f"drift, most of {status.top_feature or 'its answers'}")
    if status.request is not None:
        parts.append(f"{status.request.id} {status.request.state}: {status.request.reason}")
    if status.suppressed is not None:
        parts.append(f"{status.suppressed.reason}: {status.suppressed.message}")
    return "; ".join(parts)


def look_at(kubectl: Kubectl) -> tuple[str, ...]:
    """Return the commands that show why the loop does not go on."""
    here = f"kubectl -n {kubectl.namespace}"
    return (
        f"{here} describe driftpolicy {MODEL}",
        f"{here} describe trainingjob {MODEL}",
        f"{here} logs visitors --tail=5",
    )


def show_chain(kubectl: Kubectl, course: Course) -> list[Link]:
    """Return the chain of records from the evidence to the new version."""
    return chain.links(chain.read(kubectl, MODEL), course.fired)


def job_of(kubectl: Kubectl) -> TrainingJob:
    """Return the TrainingJob; raises DemoFailed where it is gone."""
    found = kubectl.read(TrainingJob, MODEL)
    if found is None:
        raise DemoFailed(f"TrainingJob {MODEL} was deleted while it was followed")
    return found


def _run(job: TrainingJob, request: str) -> RunStatus | None:
    return next((run for run in job.status.runs if run.request == request), None)
