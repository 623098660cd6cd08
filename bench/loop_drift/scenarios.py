"""What happens to a served model, and what the policy must and must not do about it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import yaml

from bench.loop_drift.stage import Stage, serve
from demo import loop, upstream
from demo.chain import Link, told
from demo.errors import DemoFailed
from demo.follow import follow
from demo.say import output, say
from demo.serve import until_serving
from demo.stream import Asked
from demo.visitors import Change, Phase, Second
from mooring.api.driftpolicy import DriftPolicy

IDLE, IDLE_CODE = "RAC1P", "9"
THIRD = 1 / 3
HARMLESS = Phase("a third of RAC1P becomes one code", (Change(IDLE, share=THIRD, value=IDLE_CODE),))
NULLS = Phase(f"a third of {upstream.EDUCATION} is null", (Change(upstream.EDUCATION, share=THIRD),))
QUALITY = "DataQualityBroken"
WINDOWS = 4
"""That are watched after a change that must start nothing."""
WINDOW_SECONDS = 60.0
"""The most that a window takes."""
FLEET = 10


@dataclass(frozen=True)
class Outcome:
    """What a scenario showed."""

    scenario: str
    ended: str
    """What became of it, in words."""
    seconds: float
    """From the change to that."""
    before: float
    """Accuracy before the change, after it, and at the end."""
    during: float
    after: float | None = None
    chain: tuple[Link, ...] = ()
    picture: str = ""


def harm(stage: Stage) -> Outcome:
    """A recode upstream: harm is shown, the model is trained on the new codes, and its successor is promoted."""
    kubectl, course = stage.kubectl, loop.Course()
    first = serve(stage)
    at_training = loop.at_training(kubectl, first.metadata.name)
    loop.watch(kubectl, stage.stream, stage.image)
    loop.until_quiet(kubectl, windows=4)
    say("upstream codes education anew, and the pipeline writes last year's people in the new codes")
    loop.write_people(upstream.recoded(upstream.labelled(loop.NEW_YEAR)))
    stage.stream.next_phase()
    course.mark("recoded")
    began = time.time()
    request = loop.until_asked(kubectl, course)
    course.mark("asked")
    run = loop.until_trained(kubectl, request)
    course.mark(f"trained: {run.version}")
    loop.until_canary(kubectl, str(run.version), course)
    loop.until_promoted(kubectl, str(run.version), course)
    ended = time.time() - began
    loop.until_told(kubectl, request)
    time.sleep(loop.AFTER_SECONDS)
    seconds = stage.stream.end()
    chain = loop.show_chain(kubectl, course)
    output(told(chain))
    new = loop.accuracy(seconds, str(run.version))
    old = loop.accuracy(seconds, first.metadata.name, loop.RECODED.name)
    if new - old < loop.LEAST_GAIN:
        raise DemoFailed(f"{run.version} is right for {new:.1%}, {first.metadata.name} was for {old:.1%}")
    before = loop.accuracy(seconds, phase=loop.QUIET.name)
    picture = loop.picture(seconds, course, at_training)
    return Outcome("harm", f"{request}: {run.version} promoted", ended, before, old, new, tuple(chain), picture)


def harmless(stage: Stage) -> Outcome:
    """A column moves that hardly moves an answer: drift is told, and nothing is asked for."""
    serve(stage)
    loop.watch(stage.kubectl, stage.stream, stage.image, (loop.QUIET, HARMLESS))
    loop.until_quiet(stage.kubectl)
    say(f"upstream: {HARMLESS.name}")
    stage.stream.next_phase()
    began = time.time()
    drifted = _until(stage, "drift is told", lambda seen: _is(seen, "Drifted"))
    windows = drifted.status.window.closed if drifted.status.window is not None else 0
    _until(stage, f"{WINDOWS} more windows", partial(_has_closed, windows + WINDOWS))
    _nothing_asked(stage)
    seconds = stage.stream.end()
    named = f"Drifted, {drifted.status.top_feature}; nothing asked in {WINDOWS} windows"
    return _outcome("harmless", named, time.time() - began, seconds, HARMLESS)


def broken(stage: Stage) -> Outcome:
    """A third of a column arrives as null: the policy names the column and asks for nothing, until a clean window."""
    serve(stage)
    loop.watch(stage.kubectl, stage.stream, stage.image, (loop.QUIET, NULLS, loop.QUIET), batch=1)
    loop.until_quiet(stage.kubectl)
    say(f"upstream: {NULLS.name}")
    stage.stream.next_phase()
    began = time.time()
    told = _condition(_until(stage, "broken data is told", lambda seen: _is(seen, QUALITY)), QUALITY)
    if upstream.EDUCATION not in told:
        raise DemoFailed(f"{upstream.EDUCATION} is not named: {told}")
    took = time.time() - began
    windows = _closed(loop.policy_of(stage.kubectl))
    _until(stage, "two more windows", partial(_has_closed, windows + 2))
    stage.stream.next_phase()
    mended = time.time()
    _until(stage, "broken data is over", lambda seen: not _is(seen, QUALITY))
    over = time.time() - mended
    _nothing_asked(stage)
    return _outcome("broken", f"{told}; over {over:.0f} s after it was mended", took, stage.stream.end(), NULLS)


def storm(stage: Stage) -> Outcome:
    """Ten deployments suffer from one fault upstream: all are held, and nothing is trained."""
    serve(stage)
    names = [f"team-{number}" for number in range(FLEET)]
    for name in names:
        stage.kubectl.apply_object(_small(name))
        stage.kubectl.apply_object(_watched(name))
    for name in names:
        until_serving(stage.kubectl, name, f"{loop.MODEL}-v1")
    asked = Asked(loop.MODEL, stage.image, loop.RATE * 2, loop.BATCH)
    stage.stream.begin(names, asked, upstream.visitors(loop.SERVED_YEAR, loop.ROWS), (loop.QUIET, loop.RECODED))
    for name in names:
        _until(stage, f"{name}: a window", partial(_has_closed, 1), name)
    say(f"upstream codes education anew, for {FLEET} deployments")
    stage.stream.next_phase()
    began = time.time()
    for name in names:
        _until(stage, f"{name} is held", _held_by_storm, name)
    took = time.time() - began
    for name in names:
        known = _closed(loop.policy_of(stage.kubectl, name))
        _until(stage, f"{name}: two more windows", partial(_has_closed, known + 2), name)
        _nothing_asked(stage, name)
    runs = len(loop.job_of(stage.kubectl).status.runs)
    if runs != 1:
        raise DemoFailed(f"{runs} runs, and 1 was asked for by the recipe")
    held = loop.policy_of(stage.kubectl, names[0]).status.suppressed
    return _outcome(
        "storm", f"{FLEET} of {FLEET} held: {held.message if held else ''}", took, stage.stream.end(), loop.RECODED
    )


def _small(name: str) -> dict[str, object]:
    resources = {"requests": {"cpu": "10m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}}
    spec = {"model": loop.MODEL, "replicas": 1, "resources": resources, "rollout": {"strategy": "Replace"}}
    return {"apiVersion": "mooring.dev/v1alpha1", "kind": "ModelDeployment", "metadata": {"name": name}, "spec": spec}


def _watched(name: str) -> dict[str, object]:
    policy: dict[str, object] = yaml.safe_load(loop.POLICY.read_text(encoding="utf-8"))
    spec = policy["spec"]
    assert isinstance(spec, dict)
    return policy | {"metadata": {"name": name}, "spec": spec | {"deployment": name}}


def _held_by_storm(policy: DriftPolicy) -> bool:
    held = policy.status.suppressed
    return held is not None and held.reason == "Storm"


def _outcome(name: str, ended: str, took: float, seconds: list[Second], phase: Phase) -> Outcome:
    before, during = loop.accuracy(seconds, phase=loop.QUIET.name), loop.accuracy(seconds, phase=phase.name)
    return Outcome(name, ended, took, before, during)


def _until(stage: Stage, what: str, holds: Callable[[DriftPolicy], bool], policy: str = loop.MODEL) -> DriftPolicy:
    return follow(
        what,
        lambda: loop.policy_of(stage.kubectl, policy),
        tell=loop.news,
        done=holds,
        seconds=WINDOWS * WINDOW_SECONDS,
        look_at=loop.look_at(stage.kubectl),
    )


def _is(policy: DriftPolicy, condition: str) -> bool:
    return any(item.type == condition and item.status == "True" for item in policy.status.conditions)


def _closed(policy: DriftPolicy) -> int:
    return policy.status.window.closed if policy.status.window is not None else 0


def _has_closed(windows: int, policy: DriftPolicy) -> bool:
    return _closed(policy) >= windows


def _nothing_asked(stage: Stage, policy: str = loop.MODEL) -> None:
    status = loop.policy_of(stage.kubectl, policy).status
    if status.last is not None or (status.request is not None and status.request.state == "Asked"):
        raise DemoFailed(f"{policy} asked for training: {status.request or status.last}")


def _condition(policy: DriftPolicy, kind: str) -> str:
    return next((item.message for item in policy.status.conditions if item.type == kind), "")


SCENARIOS: dict[str, Callable[[Stage], Outcome]] = {
    "harm": harm,
    "harmless": harmless,
    "broken": broken,
    "storm": storm,
}
