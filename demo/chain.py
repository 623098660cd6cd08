"""One chain of records, from the evidence to the version that replaced what it was about: read, never guessed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from demo.errors import DemoFailed
from demo.kubectl import Kubectl
from mooring.api.driftpolicy import DriftPolicy
from mooring.api.modeldeployment import ModelDeployment
from mooring.api.modelversion import ModelVersion
from mooring.api.trainingjob import RunStatus, TrainingJob

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Link:
    """One record, and what it says."""

    record: str
    """Which field of which object."""
    says: str
    at: datetime | None = None
    """When; absent where the record has no time."""


@dataclass(frozen=True)
class Records:
    """The objects that a request went through."""

    policy: DriftPolicy
    job: TrainingJob
    version: ModelVersion
    deployment: ModelDeployment


def read(kubectl: Kubectl, policy: str) -> Records:
    """Return the records of the policy's last request; raises DemoFailed where one is missing."""
    found = _there(kubectl.read(DriftPolicy, policy), f"DriftPolicy {policy}")
    last = _there(found.status.last, f"a last request of DriftPolicy {policy}")
    retrain = _there(found.spec.retrain, f"retrain of DriftPolicy {policy}")
    job = _there(kubectl.read(TrainingJob, retrain.training_job), f"TrainingJob {retrain.training_job}")
    name = _there(last.version, f"a version made for {last.id}")
    version = _there(kubectl.read(ModelVersion, name), f"ModelVersion {name}")
    deployment = _there(
        kubectl.read(ModelDeployment, found.spec.deployment), f"ModelDeployment {found.spec.deployment}"
    )
    return Records(found, job, version, deployment)


def links(records: Records, seen: Sequence[Link] = ()) -> list[Link]:
    """Return the chain in its order; raises DemoFailed where a record does not name the request.

    `seen` are links whose records have gone on since, as they were when they were read.
    """
    last = records.policy.status.last
    assert last is not None  # noqa: S101 (`read` has looked)
    run = next((run for run in records.job.status.runs if run.request == last.id), None)
    if run is None or run.version is None:
        raise DemoFailed(f"no run of TrainingJob {records.job.metadata.name} says that {last.id} asked for it")
    came = records.version.spec.provenance
    if came is None or came.request != last.id or run.version != records.version.metadata.name:
        raise DemoFailed(f"{records.version.metadata.name} does not say that {last.id} asked for it")
    return [*seen, *_of_run(records, run, came.request), *_of_rollout(records, run.version)]


def _of_run(records: Records, run: RunStatus, request: str) -> list[Link]:
    job, version = records.job.metadata.name, records.version
    here = f"TrainingJob/{job} .status.runs[{run.run}]"
    rows = f" on {run.rows:,} rows" if run.rows else ""
    return [
        Link(here, f"request {run.request}: {run.reason}", run.started_at),
        Link(here, f"made {run.version}{rows}, {run.verdict}", run.finished_at),
        Link(
            f"ModelVersion/{version.metadata.name} .spec.provenance.request",
            f"{request}; gate {version.spec.gate.verdict}: {version.spec.gate.message}",
            version.metadata.creation_timestamp,
        ),
    ]


def _of_rollout(records: Records, version: str) -> list[Link]:
    entry = next((entry for entry in records.deployment.status.history if entry.to == version), None)
    if entry is None:
        raise DemoFailed(f"no rollout of {version} has ended")
    last = records.policy.status.last
    assert last is not None  # noqa: S101
    name = records.deployment.metadata.name
    gain = f", losses fell by {last.gain}" if last.gain is not None else ""
    return [
        Link(f"ModelDeployment/{name} .status.history", f"{version} {entry.outcome}: {entry.reason}", entry.at),
        Link(f"DriftPolicy/{records.policy.metadata.name} .status.last", f"{last.id} {last.outcome}{gain}", last.at),
    ]


def told(chain: Sequence[Link], width: int = 110) -> str:
    """Return the chain as lines for people."""
    lines = []
    for link in chain:
        at = f"{link.at:%H:%M:%S}" if link.at is not None else " " * 8
        lines.append(f"{at}  {link.record}")
        lines += textwrap.wrap(link.says, width, initial_indent=" " * 10, subsequent_indent=" " * 10)
    return "\n".join(lines)


def _there(found: Thing | None, what: str) -> Thing:
    if found is None:
        raise DemoFailed(f"{what} is not there")
    return found
