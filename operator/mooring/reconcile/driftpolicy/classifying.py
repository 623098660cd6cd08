"""Can captured rows be told from the training data's? A small Job asks now and then; its answer decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from mooring.api.driftpolicy import Classifier
from mooring.api.driftstatus import ClassifierStatus, TellingStatus
from mooring.api.modeldeployment import ModelDeployment
from mooring.api.modelversion import ModelVersion
from mooring.api.wire import (
    ARTIFACT_PREFIX,
    CAPTURE_PREFIX,
    CLASSIFY_ORDER_VARIABLE,
    ClassifyOrder,
    ClassifyReport,
)
from mooring.reconcile.conditions import shorten
from mooring.reconcile.driftpolicy.lookjob import NO_ANSWER, job_name, jobs_of, render_job
from mooring.reconcile.driftpolicy.numbers import share
from mooring.reconcile.plan import Apply, Cache, Event, Key
from mooring.reconcile.render import credentials, resources

if TYPE_CHECKING:
    from mooring.reconcile.driftpolicy.seen import Seen

CONTAINER = "classifier"
KIND = "rows"
APART = 0.55
"""The least that the low end of the AUC's interval is when people are told: with less one would not bother."""
_DEADLINE_SECONDS = 1800


@dataclass(frozen=True)
class Classification:
    """A Job that asks, as plans need it."""

    job: str
    ended: bool
    report: ClassifyReport | None
    """None: it has not said anything, or what it said is lost."""


@dataclass(frozen=True)
class Fault:
    """Why there is nothing to compare, which a person can change."""

    reason: Literal["NoCapture", "NoSample"]
    message: str


@dataclass(frozen=True)
class _Subject:
    """What is asked about."""

    asked: Classifier
    deployment: ModelDeployment
    version: ModelVersion

    @property
    def name(self) -> str:
        return self.version.metadata.name


def classifications_of(key: Key, cache: Cache) -> tuple[Classification, ...]:
    """Return the Jobs of a policy that ask about rows."""
    jobs = jobs_of(key, cache, KIND)
    return tuple(Classification(job.name, job.ended, job.said(ClassifyReport.decode)) for job in jobs)


def fault(seen: Seen) -> Fault | None:
    """Return why rows of what serves cannot be compared, where that is so."""
    subject = _subject(seen)
    return _fault(subject) if subject is not None else None


def read(seen: Seen, now: datetime) -> ClassifierStatus | None:
    """Return what is known of the version that serves, with the answer of a look that has ended."""
    before, subject = seen.policy.status.classifier, _subject(seen)
    if subject is None:
        return before if seen.policy.spec.classifier is not None else None
    if before is None or before.version != subject.name:
        before = ClassifierStatus(look=before.look if before is not None else 0, version=subject.name)
    if (wrong := _fault(subject)) is not None:
        return before.model_copy(update={"failure": shorten(wrong.message)})
    found = next((item for item in seen.classified if item.job == _name(seen, subject, before)), None)
    if found is None or not found.ended:
        return before
    return _answered(before, found.report, subject.asked, now.replace(microsecond=0))


def due(seen: Seen, known: ClassifierStatus | None) -> datetime | None:
    """Return when to look again; None: never, or at once where nobody looked at this version."""
    asked = seen.policy.spec.classifier
    if asked is None or known is None or known.at is None:
        return None
    return known.at + timedelta(seconds=asked.every_seconds)


def look_again(seen: Seen, known: ClassifierStatus | None, now: datetime) -> tuple[Apply, ...]:
    """Return the Job that should exist, where it is time to look."""
    subject, at = _subject(seen), due(seen, known)
    if subject is None or known is None or _fault(subject) is not None:
        return ()
    if seen.policy.spec.suspend or (at is not None and now < at):
        return ()
    return (Apply(_render(seen, subject, known, now), once=True),)


def turns(before: ClassifierStatus | None, after: ClassifierStatus | None) -> Iterator[Event]:
    """Yield an event when rows begin to differ, and when a later look shows that they no longer do."""
    was, differs = _differs(before), _differs(after)
    if after is None or was == differs or after.auc is None:
        return
    if differs:
        yield Event("Warning", "RowsDiffer", shorten(sentence(after)))
    elif before is not None and before.version == after.version:
        yield Event("Normal", "RowsDifferEnded", shorten(sentence(after)))


def sentence(known: ClassifierStatus) -> str:
    """Return what the last look that had an answer says."""
    by = ", ".join(f"{item.feature} {item.loss}" for item in known.top)
    return (
        f"a classifier tells rows of {known.version} from the training data's with AUC {known.auc} ({known.low} to "
        f"{known.high}; 0.5 is chance), judged by half of {known.rows} captured rows and {known.reference}"
        f"{f'; most by {by}' if by else ''}"
    )


def _differs(known: ClassifierStatus | None) -> bool:
    return known is not None and known.low is not None and float(known.low) > APART


def _subject(seen: Seen) -> _Subject | None:
    asked, version = seen.policy.spec.classifier, seen.version(seen.serves)
    if asked is None or seen.deployment is None or version is None:
        return None
    return _Subject(asked, seen.deployment, version)


def _fault(subject: _Subject) -> Fault | None:
    deployment, data = subject.deployment.metadata.name, subject.version.spec.data
    if subject.deployment.spec.capture is None:
        message = f"no rows of ModelDeployment {deployment} are captured, so that `classifier` has none to compare"
        return Fault("NoCapture", f"{message}: set its spec.capture, or remove `classifier`")
    if subject.version.spec.brought:
        message = f"{subject.name} was brought, and has no sample of rows that `classifier` could compare with"
        return Fault("NoSample", f"{message}: remove `classifier`, or let a TrainingJob train the model")
    if data is None or not data.sample_rows:
        message = f"{subject.name} has no sample of rows that `classifier` could compare with"
        return Fault("NoSample", f"{message}: set evaluation.sampleRows in its TrainingJob, and run it again")
    return None


def _answered(
    before: ClassifierStatus, report: ClassifyReport | None, asked: Classifier, moment: datetime
) -> ClassifierStatus:
    """Return the status after a look; one without an answer leaves the numbers of the last one that had one."""
    looked = {"look": before.look + 1, "at": moment}
    if report is None or report.auc is None or report.low is None or report.high is None:
        told = report.failure.message if report is not None and report.failure is not None else NO_ANSWER
        since = before.since or moment - timedelta(seconds=asked.every_seconds)
        return before.model_copy(update={**looked, "since": since, "failure": shorten(told)})
    until = datetime.fromtimestamp(report.until // 1000, moment.tzinfo) if report.until is not None else moment
    until = min(until, moment)  # where a pod's clock goes ahead, rows until then would be of no look
    facts = {
        "since": until,
        "auc": share(report.auc),
        "low": share(report.low),
        "high": share(report.high),
        "rows": report.rows,
        "reference": report.reference,
        "top": [TellingStatus(feature=item.feature, loss=share(item.loss)) for item in report.top],
        "failure": None,
    }
    return before.model_copy(update={**looked, **facts})


def _name(seen: Seen, subject: _Subject, known: ClassifierStatus) -> str:
    return job_name(seen.policy.metadata, KIND, known.look + 1, subject.name)


def _render(seen: Seen, subject: _Subject, known: ClassifierStatus, now: datetime) -> dict[str, Any]:
    owner, deployment, version = seen.policy.metadata, subject.deployment, subject.version.spec
    capture = deployment.spec.capture
    assert capture is not None  # noqa: S101 (else it were a fault)
    since = known.since or now - timedelta(seconds=subject.asked.every_seconds)
    order = ClassifyOrder(
        version=subject.name,
        artifact=version.artifact,
        captured=capture.folder(deployment.metadata.namespace, deployment.metadata.name),
        since=int(since.timestamp() * 1000),
        max_rows=subject.asked.max_rows,
        exclude=seen.policy.spec.features.exclude,
        seed=known.look + 1,
    )
    container = {
        "name": CONTAINER,
        "image": seen.runtime_image,
        "command": ["python3", "-m", "mooring.batch.classify"],
        "env": [
            {"name": CLASSIFY_ORDER_VARIABLE, "value": order.model_dump_json(by_alias=True, exclude_none=True)},
            *credentials(ARTIFACT_PREFIX, version.artifact.secret_name),
            *credentials(CAPTURE_PREFIX, capture.secret_name),
        ],
        "resources": resources(None, cpu="100m", memory="512Mi"),
    }
    # Without a Secret the stores know the pod by its account: that of the pods that serve, which wrote the rows.
    account = deployment.spec.service_account_name
    pod = {"serviceAccountName": account} if account is not None else {}
    name = _name(seen, subject, known)
    return render_job(owner, name, container, deadline_seconds=_DEADLINE_SECONDS, **pod)
