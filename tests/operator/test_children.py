"""Children are restored as they were rendered, and strangers' objects are never touched."""

from __future__ import annotations

from typing import Any

import pytest

from tests.operator.berths import Harbour, berth, berth_is_made, ready_of, wait_until_quiet
from tests.support.kube import eventually

PORTS = [{"name": "http", "port": 80, "targetPort": "http"}]


@pytest.mark.parametrize(("kind", "suffix"), [("Service", ""), ("Deployment", ""), ("ControllerRevision", "-1")])
def test_a_deleted_child_comes_back(harbour: Harbour, kind: str, suffix: str) -> None:
    name = f"deleted-{kind.lower()}"
    harbour.make(name)
    before = harbour.child(kind, name + suffix)["metadata"]["uid"]
    harbour.kube.delete(kind, name + suffix)
    eventually("a new one", lambda: harbour.child(kind, name + suffix)["metadata"].get("uid", before) != before)


def test_an_edited_child_is_restored(harbour: Harbour) -> None:
    harbour.make("edited")
    harbour.kube.merge("Deployment", "edited", {"spec": {"replicas": 3}})
    eventually("replicas are ours", lambda: harbour.child("Deployment", "edited")["spec"]["replicas"] == 0)
    harbour.kube.merge("Service", "edited", {"spec": {"selector": {"berth": "other"}}})
    wanted = {"berth": "edited"}
    eventually("the selector is ours", lambda: harbour.child("Service", "edited")["spec"]["selector"] == wanted)


def test_what_others_add_to_a_child_stays(harbour: Harbour) -> None:
    harbour.make("labelled")
    writes = harbour.process.writes()
    harbour.kube.merge("Deployment", "labelled", {"metadata": {"labels": {"team": "risk"}}})
    wait_until_quiet(harbour.process)
    assert harbour.child("Deployment", "labelled")["metadata"]["labels"]["team"] == "risk"
    assert harbour.process.writes() == writes


def test_a_changed_wish_changes_the_child_and_a_dropped_one_leaves_it(harbour: Harbour) -> None:
    harbour.make("changed")
    harbour.kube.merge("TrainingJob", "changed", {"spec": {"run": {"seed": 7}}})
    eventually("the seed is there", lambda: _env(harbour, "changed") == {"TARGET": "employed", "SEED": "7"})
    harbour.kube.merge("TrainingJob", "changed", {"spec": {"run": {"seed": 0}}})
    eventually("the seed is gone", lambda: _env(harbour, "changed") == {"TARGET": "employed"})


def test_what_is_made_once_is_never_touched_again(harbour: Harbour) -> None:
    harbour.make("once")
    harbour.kube.merge("Job", "once-run", {"metadata": {"labels": {"queue": "batch"}}, "spec": {"parallelism": 2}})
    wait_until_quiet(harbour.process)
    job = harbour.child("Job", "once-run")
    assert job["spec"]["parallelism"] == 2
    assert job["metadata"]["labels"]["queue"] == "batch"


def test_a_name_taken_by_a_stranger_is_said_and_nothing_is_adopted(harbour: Harbour) -> None:
    # Every field that we would set is the same, so that server-side apply alone would see no conflict.
    spec = {"selector": {"berth": "taken"}, "ports": PORTS}
    before = harbour.kube.create({"kind": "Service", "metadata": {"name": "taken"}, "spec": spec})
    harbour.kube.create(berth("taken"))
    eventually("the conflict is said", lambda: ready_of(harbour.kube, "taken").get("reason") == "NameConflict")
    assert ready_of(harbour.kube, "taken")["message"] == "Service taken is not ours"
    eventually("people are told", lambda: "NameConflict" in _told(harbour, "taken"))
    assert harbour.kube.get("Service", "taken") == before


def test_a_name_that_is_freed_is_used(harbour: Harbour) -> None:
    harbour.kube.create({"kind": "Service", "metadata": {"name": "freed"}, "spec": {"ports": PORTS}})
    harbour.kube.create(berth("freed"))
    eventually("the conflict is said", lambda: ready_of(harbour.kube, "freed").get("reason") == "NameConflict")
    harbour.kube.delete("Service", "freed")
    harbour.kube.merge("TrainingJob", "freed", {"metadata": {"annotations": {"look": "again"}}})
    eventually("all is made", lambda: berth_is_made(harbour.kube, "freed"))


def test_a_job_of_a_stranger_is_not_adopted(harbour: Harbour) -> None:
    pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "none"}]}}
    job = {"kind": "Job", "metadata": {"name": "job-run"}, "spec": {"suspend": True, "template": pod}}
    uid = harbour.kube.create(job)["metadata"]["uid"]
    harbour.kube.create(berth("job"))
    eventually("the conflict is said", lambda: ready_of(harbour.kube, "job").get("reason") == "NameConflict")
    metadata = harbour.child("Job", "job-run")["metadata"]
    assert metadata["uid"] == uid
    assert "ownerReferences" not in metadata


def test_a_resource_made_anew_under_the_same_name_gets_children_of_its_own(harbour: Harbour) -> None:
    harbour.make("anew")
    names = set(harbour.kube.children("anew"))
    harbour.kube.delete("TrainingJob", "anew")
    uid = harbour.kube.create(berth("anew"))["metadata"]["uid"]
    eventually("all children are the new one's", lambda: _owners(harbour, "anew") == dict.fromkeys(names, uid), 40)
    eventually("all is made", lambda: berth_is_made(harbour.kube, "anew"))


def _env(harbour: Harbour, name: str) -> dict[str, str]:
    template = harbour.child("Deployment", name)["spec"]["template"]
    return {item["name"]: item["value"] for item in template["spec"]["containers"][0]["env"]}


def _told(harbour: Harbour, name: str) -> list[str]:
    return [event["reason"] for event in harbour.kube.list("Event") if event["regarding"]["name"] == name]


def _owners(harbour: Harbour, name: str) -> dict[tuple[str, str], Any]:
    children = harbour.kube.children(name).items()
    return {key: obj["metadata"]["ownerReferences"][0]["uid"] for key, obj in children}
