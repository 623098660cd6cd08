"""Laws that hold whatever happens, in whatever order."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mooring.reconcile.driftpolicy.decide import decide
from mooring.reconcile.driftpolicy.guards import ANNOTATION
from mooring.reconcile.driftpolicy.segments import part
from mooring.reconcile.plan import Key
from tests.unit.reconcile.driftpolicy.stage import AGE_MISSING, DAY, HOUR, Stage, truths, window

LIMIT = 3
COOLDOWN = 2 * DAY
POLICIES = ("income", "shop")
RETRAIN = {"trainingJob": "income", "maxPerMonth": LIMIT, "cooldownSeconds": COOLDOWN}
TRIGGERS = [
    {"type": "Harm"},
    {"type": "InputDrift"},
    {"type": "Schedule", "cron": "0 3 * * *"},
    {"type": "MaxAge", "seconds": 40 * DAY},
]

SEGMENTS = [{"column": "SEX"}]

policies = st.sampled_from(POLICIES)
places = st.sampled_from(["", "SEX=1", "SEX=2"])
"""All rows, or a segment."""


class Histories(RuleBasedStateMachine):
    """Two policies, each of a deployment, ask one TrainingJob; a cluster and people do what they like around them."""

    @initialize()
    def begin(self) -> None:
        self.stage = Stage(retrain=RETRAIN, triggers=TRIGGERS, harm={"estimated": "Enforce"}, segments=SEGMENTS)
        stage = self.stage
        stage.put("ModelDeployment", "shop", spec={"model": "income"})
        stage.objects[("ModelDeployment", "default", "shop")]["status"] = {"stable": stage._arm("income-v1")}
        spec = stage.objects[("DriftPolicy", "default", "income")]["spec"]
        stage.pass_time(1)
        stage.put("DriftPolicy", "shop", spec=spec | {"deployment": "shop"})
        self.starts: list[float] = []
        self.look()

    def look(self) -> None:
        """Look at both until neither writes: a write of one wakes the other, as they share a TrainingJob."""
        for _ in range(5):
            before = len(self.stage.writes)
            for name in POLICIES:
                self.stage.look(name)
            if len(self.stage.writes) == before:
                return
        raise AssertionError(f"they do not settle: {self.stage.writes[-6:]}")

    @property
    def run(self) -> dict[str, object] | None:
        runs = self.stage.objects[("TrainingJob", "default", "income")].get("status", {}).get("runs", [])
        return runs[0] if runs and "finishedAt" not in runs[0] else None

    @rule(hours=st.sampled_from([0.1, 1, 5, 24, 24 * 8]))
    def time_passes(self, hours: float) -> None:
        self.stage.pass_time(hours * HOUR)
        self.look()

    @rule(name=policies, test=st.sampled_from(["harm", "estimated", "inputs"]), place=places)
    def evidence_reaches_its_bound(self, name: str, test: str, place: str) -> None:
        self.stage.alarm(test, name, place)  # type: ignore[arg-type]  # one of them
        self.look()

    @rule(name=policies, windows=st.integers(0, 4), place=places)
    def drift_lasts(self, name: str, windows: int, place: str) -> None:
        self.stage.drift_for(windows, name, place)
        self.look()

    @rule(
        name=policies,
        rate=st.sampled_from([0.1, 0.3]),
        state=st.sampled_from(["Quiet", "LabelsSelective"]),
        place=places,
    )
    def truths_are_settled(self, name: str, rate: float, state: str, place: str) -> None:
        self.stage.bring_segment(place, name, harm=truths(rate, state), harm_at=self.stage.ms)
        self.look()

    @rule(name=policies, broken=st.booleans(), place=places)
    def a_window_closes(self, name: str, broken: bool, place: str) -> None:
        faults = (AGE_MISSING,) if broken else ()
        self.stage.bring_segment(place, name, window=window(self.stage.ms, faults), streak=0)
        self.look()

    @rule(name=policies, sliced=st.booleans())
    def it_is_known_whether_the_version_is_sliced(self, name: str, sliced: bool) -> None:
        self.stage.bring_evidence(name, unsliced=() if sliced else ("SEX",))
        self.look()

    @rule()
    def the_operator_restarts(self) -> None:
        before = len(self.stage.writes)
        self.stage.evidence.clear()
        self.look()
        assert len(self.stage.writes) == before, "a restart wrote"

    @precondition(lambda self: self.run is None)
    @rule()
    def the_training_job_looks(self) -> None:
        asked = [one for one in (self.stage.status(name).request for name in POLICIES) if one and one.state == "Asked"]
        for request in asked:
            if request.action == "Retrain" and self.run is None:
                self.stage.start_run(request.id)
                self.starts.append(self.stage.now.timestamp())
        self.look()

    @precondition(lambda self: self.run is not None)
    @rule(end=st.sampled_from(["Passed", "Rejected", "Failed", "Unchanged"]))
    def the_run_ends(self, end: str) -> None:
        if end == "Failed":
            self.stage.end_run(failure={"class": "Data", "reason": "No", "message": "no rows"})
        elif end == "Unchanged":
            self.stage.end_run(unchanged=True, version="income-v1")
        else:
            self.stage.end_run(verdict=end)
        self.look()

    @rule(watched=st.booleans())
    def the_newest_passed_version_serves(self, watched: bool) -> None:
        versions = list(self.stage.all("ModelVersion", "default"))
        passed = [v["metadata"]["name"] for v in versions if v["spec"]["gate"]["verdict"] == "Passed"]
        newest = max(passed, key=lambda one: int(one.rpartition("-v")[2]))
        now = self.stage.objects[("ModelDeployment", "default", "web")]["status"]["stable"]["version"]
        self.stage.serve(newest, previous=now if watched and now != newest else None)
        self.look()

    @rule(name=policies)
    def a_person_approves_what_there_is(self, name: str) -> None:
        if (request := self.stage.status(name).request) is not None:
            self.stage.put("DriftPolicy", name, metadata={"annotations": {ANNOTATION: request.id}})
        self.look()

    @rule(mode=st.sampled_from(["Enforce", "DryRun", "Approve"]), suspend=st.booleans(), apart=st.booleans())
    def a_person_changes_the_policy(self, mode: str, suspend: bool, apart: bool) -> None:
        self.stage.change(retrain=RETRAIN | {"mode": mode}, suspend=suspend, segments=SEGMENTS if apart else [])
        self.look()

    @rule()
    def a_person_creates_the_policy_again(self) -> None:
        spec = self.stage.objects[("DriftPolicy", "default", "income")]["spec"]
        self.stage.drop("DriftPolicy", "income")
        self.stage.evidence.pop(Key("DriftPolicy", "default", "income"), None)
        self.stage.put("DriftPolicy", "income", spec=spec)
        self.look()

    @invariant()
    def no_two_requests_are_asked_of_one_training_job(self) -> None:
        asked = [one for one in (self.stage.status(name).request for name in POLICIES) if one and one.state == "Asked"]
        assert sum(one.action == "Retrain" for one in asked) <= 1

    @invariant()
    def no_month_has_more_runs_than_its_budget(self) -> None:
        now = self.stage.now.timestamp()
        assert sum(at > now - 30 * DAY for at in self.starts) <= LIMIT

    @invariant()
    def nothing_is_asked_in_the_cooldown(self) -> None:
        runs = self.stage.objects[("TrainingJob", "default", "income")].get("status", {}).get("runs", [])
        ends = [self.stage.seen().job.status.runs[0].finished_at] if runs and "finishedAt" in runs[0] else []  # type: ignore[union-attr]  # there is one
        for name in POLICIES:
            request = self.stage.status(name).request
            if request is not None and request.state == "Asked" and request.action == "Retrain":
                assert all(end is None or self.stage.now >= end + timedelta(seconds=COOLDOWN) for end in ends)

    @invariant()
    def a_dry_run_asks_for_nothing(self) -> None:
        mode = self.stage.objects[("DriftPolicy", "default", "income")]["spec"]["retrain"].get("mode")
        request = self.stage.status().request
        assert mode != "DryRun" or request is None or request.state != "Asked"

    @invariant()
    def nothing_is_asked_on_data_that_is_broken_anywhere(self) -> None:
        for name in POLICIES:
            known, request = self.stage.seen(name).evidence, self.stage.status(name).request
            windows = [known.window, *(one.window for one in known.segments)] if known is not None else []
            if any(window is not None and window.broken for window in windows):
                assert request is None or request.state != "Asked"

    @invariant()
    def harm_that_no_truth_took_back_is_told_wherever_it_is(self) -> None:
        for name in POLICIES:
            seen = self.stage.seen(name)
            if seen.evidence is None:
                continue
            harmed = {item.segment for item in seen.evidence.alarms if item.test == "harm"}
            for place in harmed if all(item.version == seen.serves for item in seen.evidence.alarms) else ():
                of = part(seen.evidence, place)
                if of is not None and of.harm is not None and of.harm.state == "Alarm":
                    assert self.stage.condition("Harmful", name).status == "True"

    @invariant()
    def a_request_is_about_rows_that_are_watched(self) -> None:
        for name in POLICIES:
            policy = self.stage.seen(name).policy
            request = policy.status.request
            if request is not None and not policy.spec.suspend:
                assert request.segment is None or policy.spec.segments

    @invariant()
    def every_decision_has_a_sentence_with_its_numbers(self) -> None:
        for name in POLICIES:
            decision = decide(self.stage.seen(name), self.stage.now)
            assert any(letter.isdigit() for letter in decision.sentence), decision.sentence
            request = decision.course.request
            assert (decision.verdict == "Nothing") == (request is None)
            held = decision.course.suppressed
            assert (request is None or request.state == "Asked") == (held is None)


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
