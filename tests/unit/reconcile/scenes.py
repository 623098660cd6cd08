"""What users and clusters do in the tests of plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mooring.api.modelversion import Artifact, DataRecord, GateRecord, MetricValue, Signature
from mooring.api.trainingjob import Failure
from mooring.api.wire import TrainReport
from tests.unit.reconcile.world import World

DIGEST = "sha256:" + "a" * 64


def recipe(**changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "data": {"uri": "s3://datasets/census/", "target": "employed", "secretName": "object-store"},
        "trainer": {"sklearn": {"estimator": "LogisticRegression"}},
        "evaluation": {"gates": [{"metric": "roc_auc", "min": "0.8"}]},
    }
    return spec | changes


def trained(verdict: str = "Passed", data: str = DIGEST) -> TrainReport:
    return TrainReport(
        outcome="Trained",
        artifact=Artifact(uri="s3://models/income/1-abcdef01", digest=DIGEST, bytes=100, format="Skops"),
        signature=Signature.model_validate(
            {
                "inputs": [{"name": "AGEP", "datatype": "FP64"}],
                "inputsTotal": 1,
                "outputs": [{"name": "label", "datatype": "INT64", "shape": [-1]}],
                "task": "BinaryClassification",
            }
        ),
        metrics=[MetricValue(name="roc_auc", value="0.87", low="0.86", high="0.88", rows=1000)],
        data=DataRecord(uri="s3://datasets/census/", digest=data, rows=5000, train_rows=4000, holdout_rows=1000),
        gate=GateRecord.model_validate({"verdict": verdict, "message": "all gates hold"}),
    )


def refused(class_: str = "Data", reason: str = "NoTarget") -> TrainReport:
    failure = Failure.model_validate({"class": class_, "reason": reason, "message": "no column employed"})
    return TrainReport(outcome="Failed", failure=failure)


def the_jobs(world: World) -> list[dict[str, Any]]:
    return list(world.all("Job", "default"))


def make_pod(world: World, job: dict[str, Any], status: dict[str, Any], suffix: str = "p1") -> None:
    name = job["metadata"]["name"]
    labels = job["spec"]["template"]["metadata"]["labels"] | {"batch.kubernetes.io/job-name": name}
    world.put("Pod", f"{name}-{suffix}", metadata={"labels": labels}, status=status)


def run_pod(world: World, job: dict[str, Any]) -> None:
    make_pod(world, job, {"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]})


def end_pod(world: World, job: dict[str, Any], report: TrainReport | str, code: int = 0, reason: str = "") -> None:
    message = report if isinstance(report, str) else report.encode()
    ended = {"exitCode": code, "reason": reason, "message": message, "finishedAt": world.stamp()}
    make_pod(world, job, {"phase": "Succeeded", "containerStatuses": [{"state": {"terminated": ended}}]})


def end_job(world: World, job: dict[str, Any], kind: str = "Complete", reason: str = "") -> None:
    condition = {"type": kind, "status": "True", "reason": reason, "lastTransitionTime": world.stamp()}
    world.put("Job", job["metadata"]["name"], status={"conditions": [condition], "startTime": world.stamp()})


def train(world: World, name: str = "income", report: TrainReport | None = None) -> None:
    """Let the run in flight end well."""
    job = next(item for item in the_jobs(world) if not item.get("status", {}).get("conditions"))
    end_pod(world, job, report or trained())
    end_job(world, job)
    world.settle("TrainingJob", name)


def add_version(
    world: World, number: int, verdict: str = "Passed", model: str = "income", also_as: Sequence[str] = ()
) -> str:
    report = trained(verdict)
    spec: dict[str, Any] = {
        "model": model,
        "number": number,
        **report.model_dump(
            mode="json", by_alias=True, exclude_none=True, include={"artifact", "signature", "metrics"}
        ),
        "data": report.data.to_json() if report.data else None,
        "gate": {"verdict": verdict, "message": "because"},
        "provenance": {
            "trainingJob": model,
            "uid": "elsewhere",
            "run": number,
            "request": "recipe/x",
            "recipeHash": "v1:other",
            "image": "mooring-runtime:1",
            "seed": 0,
            "estimator": "LogisticRegression",
        },
    }
    spec["artifact"]["alsoAs"] = list(also_as)
    name = f"{model}-v{number}"
    world.put("ModelVersion", name, spec=spec)
    return name


def add_brought(world: World, number: int, form: str = "XGBoost", model: str = "income") -> str:
    """Let a user apply a model of another tool: with what such a record must have, and no more."""
    name = f"{model}-v{number}"
    spec = {
        "model": model,
        "number": number,
        "artifact": {"uri": "s3://models/theirs/model", "digest": DIGEST, "bytes": 100, "format": form},
        "signature": {
            "inputs": [{"name": "AGEP", "datatype": "FP64", "nullable": True}],
            "inputsTotal": 1,
            "outputs": [{"name": "prediction", "datatype": "FP64", "shape": [-1]}],
            "task": "Regression",
        },
    }
    world.put("ModelVersion", name, spec=spec)
    return name


def start_pods(world: World) -> None:
    """Let every child Deployment have its ready pods, and the users' Services lead to them."""
    for child in list(world.all("Deployment", "default")):
        bring_up(world, child["metadata"]["name"])
    route(world)


def bring_up(world: World, arm: str, *, ready: bool = True, message: str | None = None) -> None:
    child = world.objects[("Deployment", "default", arm)]
    count = child["spec"]["replicas"]
    status = {"observedGeneration": child["metadata"]["generation"], "updatedReplicas": count}
    world.put("Deployment", arm, status=status | {"readyReplicas": count if ready else 0})
    for index in range(count):
        labels = child["spec"]["template"]["metadata"]["labels"]
        container: dict[str, Any] = {"state": {"running": {}}}
        if message is not None:
            ended = {"exitCode": 42, "message": message}
            container = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": ended}}
        conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
        status = {"phase": "Running", "containerStatuses": [container], "conditions": conditions}
        world.put("Pod", f"{arm}-{index}", metadata={"labels": labels}, status=status)


def route(world: World) -> None:
    """Let the EndpointSlice of each users' Service follow its selector; pods of removed Deployments go."""
    arms = {item["metadata"]["name"] for item in world.all("Deployment", "default")}
    for pod in list(world.all("Pod", "default")):
        arm = pod["metadata"]["labels"].get("mooring.dev/arm")
        if arm and arm not in arms:
            world.drop("Pod", pod["metadata"]["name"])
    for service in list(world.all("Service", "default")):
        wanted = service["spec"]["selector"].items()
        pods = [p for p in world.all("Pod", "default") if wanted <= p["metadata"]["labels"].items()]
        name = service["metadata"]["name"]
        labels = service["metadata"]["labels"] | {"kubernetes.io/service-name": name}
        endpoints = [{"targetRef": {"kind": "Pod", "name": pod["metadata"]["name"]}} for pod in pods]
        world.put("EndpointSlice", name, metadata={"labels": labels}, endpoints=endpoints)


def deployment(**changes: Any) -> dict[str, Any]:
    """Return a spec whose versions replace each other at once."""
    return {"model": "income", "replicas": 2, "rollout": {"strategy": "Replace"}} | changes


def condition(world: World, kind: str, name: str, type_: str) -> dict[str, Any]:
    status = world.objects[(kind, "default", name)]["status"]
    return next(item for item in status["conditions"] if item["type"] == type_)
