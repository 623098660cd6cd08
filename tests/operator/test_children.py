"""Children are restored as they were rendered, and strangers' objects are never touched."""

from __future__ import annotations

from typing import Any

from tests.operator.berths import berth, operator, ready_of, settled, wait_until_quiet
from tests.support.kube import Kube, eventually


def test_a_deleted_child_comes_back(kube: Kube) -> None:
    kube.create(berth("one"))
    with settled(kube):
        for kind, name in (("Service", "one"), ("Deployment", "one"), ("ControllerRevision", "one-1")):
            before = kube.children()[kind, name]["metadata"]["uid"]
            kube.delete(kind, name)
            eventually(f"a new {kind}", lambda: (kube.get(kind, name) or _uid(before))["metadata"]["uid"] != before)


def test_an_edited_child_is_restored(kube: Kube) -> None:
    kube.create(berth("one"))
    with settled(kube):
        kube.merge("Deployment", "one", {"spec": {"replicas": 3}})
        eventually("replicas are ours again", lambda: kube.children()["Deployment", "one"]["spec"]["replicas"] == 0)
        kube.merge("Service", "one", {"spec": {"selector": {"berth": "other"}}})
        wanted = {"berth": "one"}
        eventually(
            "the selector is ours again", lambda: kube.children()["Service", "one"]["spec"]["selector"] == wanted
        )


def test_what_others_add_to_a_child_stays(kube: Kube) -> None:
    kube.create(berth("one"))
    with settled(kube) as process:
        writes = process.writes()
        kube.merge("Deployment", "one", {"metadata": {"labels": {"team": "risk"}}})
        wait_until_quiet(process)
        assert kube.children()["Deployment", "one"]["metadata"]["labels"]["team"] == "risk"
        assert process.writes() == writes


def test_a_changed_wish_changes_the_child_and_a_dropped_one_leaves_it(kube: Kube) -> None:
    kube.create(berth("one"))
    with settled(kube):
        kube.merge("TrainingJob", "one", {"spec": {"run": {"seed": 7}}})
        eventually("the seed is there", lambda: _env(kube) == {"TARGET": "employed", "SEED": "7"})
        kube.merge("TrainingJob", "one", {"spec": {"run": None}})
        eventually("the seed is gone", lambda: _env(kube) == {"TARGET": "employed"})


def test_what_is_made_once_is_never_touched_again(kube: Kube) -> None:
    kube.create(berth("one"))
    with settled(kube) as process:
        kube.merge("Job", "one-run", {"metadata": {"labels": {"queue": "batch"}}, "spec": {"parallelism": 2}})
        wait_until_quiet(process)
        job = kube.children()["Job", "one-run"]
        assert job["spec"]["parallelism"] == 2
        assert job["metadata"]["labels"]["queue"] == "batch"


def test_a_name_taken_by_a_stranger_is_said_and_nothing_is_adopted(kube: Kube) -> None:
    # Every field that we would set is the same, so that server-side apply alone would see no conflict.
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    kube.create(
        {"kind": "Service", "metadata": {"name": "one"}, "spec": {"selector": {"berth": "one"}, "ports": ports}}
    )
    before = kube.get("Service", "one")
    kube.create(berth("one"))
    with operator(kube):
        told = eventually("the conflict is said", lambda: _when(ready_of(kube, "one"), reason="NameConflict"))
        assert told["message"] == "Service one is not ours"
        assert kube.get("Service", "one") == before
        eventually("people are told", lambda: "NameConflict" in [event["reason"] for event in kube.list("Event")])


def test_a_job_of_a_stranger_is_not_adopted(kube: Kube) -> None:
    pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "none"}]}}
    kube.create({"kind": "Job", "metadata": {"name": "one-run"}, "spec": {"suspend": True, "template": pod}})
    uid = (kube.get("Job", "one-run") or {})["metadata"]["uid"]
    kube.create(berth("one"))
    with operator(kube):
        eventually("the conflict is said", lambda: _when(ready_of(kube, "one"), reason="NameConflict"))
        job = kube.get("Job", "one-run") or {}
        assert job["metadata"]["uid"] == uid
        assert "ownerReferences" not in job["metadata"]


def test_a_resource_made_anew_under_the_same_name_gets_children_of_its_own(kube: Kube) -> None:
    kube.create(berth("one"))
    with settled(kube):
        kube.delete("TrainingJob", "one")
        owner = kube.create(berth("one"))["metadata"]["uid"]
        names = {("ControllerRevision", "one-1"), ("Service", "one"), ("Deployment", "one"), ("Job", "one-run")}
        eventually("all children are the new one's", lambda: _owners(kube) == dict.fromkeys(names, owner), 40)
        assert ready_of(kube, "one")["reason"] in ("Made", "Making")


def _uid(uid: str) -> dict[str, Any]:
    return {"metadata": {"uid": uid}}


def _env(kube: Kube) -> dict[str, str]:
    template = kube.children()["Deployment", "one"]["spec"]["template"]
    return {item["name"]: item["value"] for item in template["spec"]["containers"][0]["env"]}


def _when(condition: dict[str, Any], *, reason: str) -> dict[str, Any]:
    return condition if condition.get("reason") == reason else {}


def _owners(kube: Kube) -> dict[tuple[str, str], str]:
    children = kube.children().items()
    return {key: obj["metadata"]["ownerReferences"][0]["uid"] for key, obj in children}
