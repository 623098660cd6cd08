"""The cache only moves forward, whatever order reports come in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mooring.control.cache import TOMBSTONE_SECONDS, ObjectCache
from mooring.reconcile.plan import Key
from tests.unit.control.objects import labels, seen

OWNER = Key("TrainingJob", "space", "income")


def test_an_older_state_does_not_replace_a_newer_one() -> None:
    cache = ObjectCache()
    assert cache.observe("Pod", seen("a", 10, "u", annotations={"state": "new"}))
    assert not cache.observe("Pod", seen("a", 9, "u", annotations={"state": "old"}))
    assert not cache.observe("Pod", seen("a", 10, "u"))
    held = cache.get("Pod", "space", "a")
    assert held is not None
    assert held["metadata"]["annotations"] == {"state": "new"}


def test_revisions_are_compared_as_numbers() -> None:
    cache = ObjectCache()
    cache.observe("Pod", seen("a", 9, "u"))
    assert cache.observe("Pod", seen("a", 10, "u"))


def test_a_late_event_does_not_resurrect_what_was_deleted() -> None:
    cache = ObjectCache()
    cache.observe("Pod", seen("a", 1, "u"))
    assert cache.forget("Pod", seen("a", 5, "u"))
    assert not cache.observe("Pod", seen("a", 4, "u"))
    assert cache.get("Pod", "space", "a") is None


def test_a_successor_of_the_same_name_outlives_a_late_deletion() -> None:
    cache = ObjectCache()
    cache.observe("Pod", seen("a", 1, "old"))
    cache.observe("Pod", seen("a", 3, "new"))
    assert not cache.forget("Pod", seen("a", 2, "old"))
    held = cache.get("Pod", "space", "a")
    assert held is not None
    assert held["metadata"]["uid"] == "new"


def test_tombstones_do_not_pile_up() -> None:
    now = 0.0
    cache = ObjectCache(clock=lambda: now)
    cache.forget("Pod", seen("a", 1, "u"))
    assert cache.known("u", "Pod", "space", "a")
    now = TOMBSTONE_SECONDS + 1
    cache.observe("Pod", seen("b"))
    assert not cache.known("u", "Pod", "space", "a")


def test_children_follow_their_labels() -> None:
    cache = ObjectCache()
    cache.observe("Pod", seen("a", 1, "u", labels=labels("income")))
    assert [obj["metadata"]["name"] for obj in cache.children("Pod", OWNER)] == ["a"]
    cache.observe("Pod", seen("a", 2, "u", labels=labels("other")))
    assert not cache.children("Pod", OWNER)
    assert cache.children("Pod", Key("TrainingJob", "space", "other"))


def test_what_only_field_managers_read_is_left_out() -> None:
    cache = ObjectCache()
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "risk"}
    cache.observe("Pod", seen("a", managedFields=[{"manager": "kubectl"}], annotations=annotations))
    held = cache.get("Pod", "space", "a")
    assert held is not None
    assert "managedFields" not in held["metadata"]
    assert held["metadata"]["annotations"] == {"team": "risk"}
    assert (held["apiVersion"], held["kind"]) == ("v1", "Pod")


@given(st.permutations(range(1, 7)), st.lists(st.integers(1, 6)))
def test_any_order_of_events_ends_in_the_newest_state(order: list[int], doubled: list[int]) -> None:
    cache = ObjectCache()
    for revision in [*order, *doubled]:
        cache.observe("Pod", seen("a", revision, "u"))
    held = cache.get("Pod", "space", "a")
    assert held is not None
    assert held["metadata"]["resourceVersion"] == "6"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["income", "other"]), st.booleans()), max_size=20))
def test_every_index_agrees_with_the_objects(story: list[tuple[str, str, bool]]) -> None:
    cache = ObjectCache()
    for revision, (name, owner, exists) in enumerate(story, 1):
        obj = seen(name, revision, labels=labels(owner), spec={"model": owner})
        if exists:
            cache.observe("TrainingJob", obj)
        elif (held := cache.get("TrainingJob", "space", name)) is not None:
            cache.forget("TrainingJob", held)
    held_names = {obj["metadata"]["name"]: obj["spec"]["model"] for obj in cache.all("TrainingJob", "space")}
    for owner in ("income", "other"):
        wanted = {name for name, model in held_names.items() if model == owner}
        assert set(cache.of_model("TrainingJob", "space", owner)) == wanted
        children = cache.children("TrainingJob", Key("TrainingJob", "space", owner))
        assert {obj["metadata"]["name"] for obj in children} == wanted
    assert cache.count("TrainingJob") == len(held_names)
