"""Idempotent: a second look at a settled cluster writes nothing, and neither does a restart."""

from __future__ import annotations

from mooring.reconcile.plan import LABEL_MANAGED, LABEL_OWNER, LABEL_OWNER_KIND
from tests.operator.berths import berth, berth_is_made, settled, touch
from tests.support.kube import Kube, eventually


def test_a_second_look_writes_nothing(kube: Kube) -> None:
    kube.create(berth("one"))
    with settled(kube) as operator:
        writes, looks = operator.writes(), operator.looks()
        touch(kube, "one")
        eventually("a second look", lambda: operator.looks() > looks)
        assert operator.writes() == writes


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


def test_every_kind_of_write_is_carried_out(kube: Kube) -> None:
    kube.create(berth("one"))
    labels = {LABEL_MANAGED: "mooring", LABEL_OWNER_KIND: "TrainingJob", LABEL_OWNER: "one"}
    old = {"metadata": {"name": "one-0", "labels": labels}, "revision": 1, "data": {"made": "before"}}
    kube.create({"kind": "ControllerRevision", **old})
    with settled(kube):
        assert berth_is_made(kube, "one")
        assert set(kube.children()) == {
            ("ControllerRevision", "one-1"),
            ("Service", "one"),
            ("Deployment", "one"),
            ("Job", "one-run"),
        }
        assert kube.children()["Service", "one"]["metadata"]["annotations"]["berth/patched"] == "yes"
        told = eventually("people are told", lambda: [e for e in kube.list("Event") if e["reason"] == "Made"])
        assert told[0]["regarding"]["name"] == "one"
