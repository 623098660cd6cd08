"""What DriftPolicies ask for is acted on by who has the authority: once, in its own order, or not at all and told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.reconcile.canary import canary, events, follow, judge, serving, settle, status
from tests.unit.reconcile.scenes import add_version, condition, recipe, the_jobs, train
from tests.unit.reconcile.world import World

SENTENCE = "accuracy 0.812 against 0.861 at training; evidence 5210 >= 4320"


def ask(world: World, number: int = 1, name: str = "income", **request: Any) -> str:
    """Let a policy of `income` ask, as its own plan would write it."""
    asked = f"dp/{name}/{number}"
    told: dict[str, Any] = {"action": "Retrain", "state": "Asked", "trigger": "Harm", "reason": SENTENCE}
    world.put("DriftPolicy", name, spec={"deployment": "income", "retrain": {"trainingJob": "income"}})
    world.objects[("DriftPolicy", "default", name)]["status"] = {
        "request": told | {"id": asked, "at": world.stamp()} | request
    }
    return asked


class TestTraining:
    @pytest.fixture
    def world(self) -> World:
        """A TrainingJob that ran."""
        world = World()
        world.put("TrainingJob", "income", spec=recipe())
        world.settle("TrainingJob", "income")
        train(world)
        return world

    def runs(self, world: World) -> list[dict[str, Any]]:
        world.settle("TrainingJob", "income")
        found: list[dict[str, Any]] = world.objects[("TrainingJob", "default", "income")]["status"]["runs"]
        return found

    def test_a_run_starts_with_the_policys_sentence_and_the_version_says_who_asked(self, world: World) -> None:
        asked = ask(world)
        run = self.runs(world)[0]
        assert (run["run"], run["request"]) == (2, asked)
        assert run["reason"] == f"DriftPolicy income: {SENTENCE}"
        train(world)
        made = world.objects[("ModelVersion", "default", "income-v2")]
        assert made["spec"]["provenance"]["request"] == asked

    def test_it_starts_once(self, world: World) -> None:
        ask(world)
        self.runs(world)
        train(world)
        assert len(self.runs(world)) == 2
        del world.objects[("TrainingJob", "default", "income")]["status"]["handled"]
        assert len(self.runs(world)) == 2

    @pytest.mark.parametrize(
        "request_",
        [{"state": "Gathering"}, {"state": "Held"}, {"state": "AwaitsApproval"}, {"state": "WouldAsk"}],
        ids=lambda one: one["state"],
    )
    def test_only_what_is_asked_runs(self, world: World, request_: dict[str, str]) -> None:
        ask(world, **request_)
        assert len(self.runs(world)) == 1

    def test_a_rollback_is_no_business_of_training(self, world: World) -> None:
        ask(world, action="Rollback", version="income-v1")
        assert len(self.runs(world)) == 1

    def test_a_policy_of_another_training_job_is_not_heard(self, world: World) -> None:
        ask(world)
        world.put("DriftPolicy", "income", spec={"deployment": "income", "retrain": {"trainingJob": "nightly"}})
        assert len(self.runs(world)) == 1

    def test_a_person_comes_first(self, world: World) -> None:
        ask(world)
        world.put("TrainingJob", "income", metadata={"annotations": {"mooring.dev/run": "friday"}})
        assert self.runs(world)[0]["request"] == "token/friday"
        assert world.objects[("TrainingJob", "default", "income")]["status"]["pending"]["id"] == "dp/income/1"

    def test_of_two_policies_the_older_comes_first(self, world: World) -> None:
        ask(world, name="older")
        world.pass_time(1)
        ask(world, name="elder-by-name")
        assert self.runs(world)[0]["request"] == "dp/older/1"
        assert len(the_jobs(world)) == 2

    def test_a_suspended_training_job_does_not_run(self, world: World) -> None:
        world.put("TrainingJob", "income", spec=recipe(suspend=True))
        ask(world)
        assert len(self.runs(world)) == 1


class TestGoingBack:
    @pytest.fixture
    def world(self) -> World:
        """income-v2 was promoted over income-v1, and is watched."""
        world = serving(canary({"name": "first", "weight": 5}, watchSecondsAfterPromotion=86400), versions=2)
        follow(world)
        judge(world, "NoWorse")
        follow(world)
        assert status(world)["stable"]["version"] == "income-v2"
        return world

    def test_what_does_harm_gives_way_to_what_served_before(self, world: World) -> None:
        asked = ask(world, action="Rollback", version="income-v2")
        assert events(world, "RollbackAsked") == [f"income-v2 is withdrawn: {asked}: {SENTENCE}"]
        follow(world)
        assert status(world)["stable"]["version"] == "income-v1"
        assert SENTENCE in status(world)["withdrawn"][0]["reason"]
        assert condition(world, "ModelDeployment", "income", "RolledBack")["status"] == "True"

    def test_it_is_acted_on_once(self, world: World) -> None:
        ask(world, action="Rollback", version="income-v2")
        follow(world)
        world.put("ModelDeployment", "income", metadata={"annotations": {"mooring.dev/retry": "income-v2/sorry"}})
        follow(world, 8)
        assert status(world).get("withdrawn", []) == []
        assert status(world)["canary"]["version"] == "income-v2"

    def test_a_request_about_another_version_is_told_once_and_does_nothing(self, world: World) -> None:
        ask(world, action="Rollback", version="income-v1")
        assert events(world, "NothingToDo") == [
            "dp/income/1 asks to go back from income-v1, and income-v2 serves: nothing was done"
        ]
        settle(world)
        assert events(world, "NothingToDo") == []
        assert status(world)["stable"]["version"] == "income-v2"

    def test_after_the_watch_nothing_is_taken_back(self, world: World) -> None:
        world.pass_time(86401)
        follow(world)
        ask(world, action="Rollback", version="income-v2")
        assert "it is not watched any more" in events(world, "NothingToDo")[0]
        follow(world)
        assert status(world)["stable"]["version"] == "income-v2"

    def test_what_is_only_held_does_nothing(self, world: World) -> None:
        ask(world, action="Rollback", version="income-v2", state="Held")
        follow(world)
        assert status(world)["stable"]["version"] == "income-v2"

    def test_the_next_request_is_heard_after_the_last_one_is_gone(self, world: World) -> None:
        ask(world, 1, action="Rollback", version="income-v1")
        settle(world)
        ask(world, 2, action="Rollback", version="income-v2")
        follow(world)
        assert status(world)["stable"]["version"] == "income-v1"
        add_version(world, 3)
        follow(world, 8)
        assert status(world)["handled"]["drift"] == "dp/income/2"
        world.drop("DriftPolicy", "income")
        settle(world)
        assert "drift" not in status(world).get("handled", {})
