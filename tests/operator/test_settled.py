"""Idempotent: a second look at a settled cluster writes nothing, and neither does a restart."""

from __future__ import annotations

from mooring.reconcile.plan import LABEL_MANAGED, LABEL_OWNER, LABEL_OWNER_KIND
from tests.operator.berths import Harbour, berth, settled, touch
from tests.support.kube import Kube, eventually


def test_a_second_look_writes_nothing(harbour: Harbour) -> None:
    harbour.make("looked-at")
    writes, looks = harbour.process.writes(), harbour.process.looks()
    touch(harbour.kube, "looked-at")
    eventually("a second look", lambda: harbour.process.looks() > looks)
    assert harbour.process.writes() == writes


def test_every_kind_of_write_is_carried_out(harbour: Harbour) -> None:
    labels = {LABEL_MANAGED: "mooring", LABEL_OWNER_KIND: "TrainingJob", LABEL_OWNER: "one"}
    old = {"metadata": {"name": "one-0", "labels": labels}, "revision": 1, "data": {"made": "before"}}
    harbour.kube.create({"kind": "ControllerRevision", **old})
    harbour.make("one")
    children = harbour.kube.children("one")
    assert set(children) == {
        ("ControllerRevision", "one-1"),
        ("Service", "one"),
        ("Deployment", "one"),
        ("Job", "one-run"),
    }
    assert children["Service", "one"]["metadata"]["annotations"]["berth/patched"] == "yes"
    told = eventually("people are told", lambda: [e for e in harbour.kube.list("Event") if e["reason"] == "Made"])
    assert "one" in {event["regarding"]["name"] for event in told}


def test_a_restart_writes_nothing(kube: Kube) -> None:
    kube.create(berth("one"))
    kube.create(berth("two"))
    with settled(kube):
        pass
    before = kube.revisions()
    with settled(kube) as operator:
        eventually("every resource was looked at", lambda: operator.looks() >= 2)
        assert operator.writes() == 0
    assert kube.revisions() == before
