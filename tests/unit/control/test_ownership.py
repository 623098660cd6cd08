"""Whose an object is."""

from __future__ import annotations

from typing import Any

from mooring.control.ownership import whose
from tests.unit.control.objects import labels, seen


def owned(uid: str) -> list[dict[str, Any]]:
    return [{"kind": "TrainingJob", "name": "income", "uid": uid}]


WANTED = seen("income", labels=labels("income"), ownerReferences=owned("now"))


def test_the_owners_uid_decides() -> None:
    assert whose(seen("income", labels=labels("income"), ownerReferences=owned("now")), WANTED) == "ours"


def test_a_child_of_an_earlier_resource_of_the_same_name_is_a_leftover() -> None:
    assert whose(seen("income", labels=labels("income"), ownerReferences=owned("before")), WANTED) == "leftover"


def test_without_our_label_it_is_a_strangers() -> None:
    assert whose(seen("income"), WANTED) == "stranger"
    assert whose(seen("income", ownerReferences=owned("now")), WANTED) == "stranger"


def test_a_child_of_another_resource_is_a_strangers() -> None:
    other = seen("income", labels=labels("other"), ownerReferences=owned("other"))
    assert whose(other, WANTED) == "stranger"


def test_what_outlives_its_maker_is_known_by_its_label() -> None:
    version = seen("income-v1", labels=labels("income"))
    assert whose(version, version) == "ours"
    assert whose(seen("income-v1"), version) == "stranger"
