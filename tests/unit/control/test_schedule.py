"""The queue's rules: never the same key twice at once, and none is lost."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from mooring.control.schedule import CAP_SECONDS, Schedule
from mooring.reconcile.plan import Key

KEYS = [Key("TrainingJob", "space", name) for name in "abc"]


def longest(_: float, high: float) -> float:
    return high


class Queue(RuleBasedStateMachine):
    """Any story of additions, dates, work, failures and time."""

    taken = Bundle("taken")

    @initialize()
    def begin(self) -> None:
        self.schedule = Schedule(jitter=longest)
        self.now = 0.0
        self.busy: set[Key] = set()
        self.owed: set[Key] = set()

    @rule(key=st.sampled_from(KEYS))
    def add(self, key: Key) -> None:
        self.schedule.add(key)
        self.owed.add(key)

    @rule(key=st.sampled_from(KEYS), seconds=st.floats(0, 100))
    def add_at(self, key: Key, seconds: float) -> None:
        self.schedule.add_at(key, self.now + seconds)

    @rule(seconds=st.floats(0, 30))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=taken)
    def take(self) -> Key | None:
        key = self.schedule.take(self.now)
        assert key not in self.busy
        assert key is not None or not self.owed - self.busy
        if key is not None:
            self.busy.add(key)
            self.owed.discard(key)
        return key

    @rule(key=consumes(taken), worked=st.booleans())
    def give_back(self, key: Key | None, worked: bool) -> None:
        if key is None:
            return
        self.busy.discard(key)
        if worked:
            self.schedule.done(key)
        else:
            assert 0 < self.schedule.failed(key, self.now) <= CAP_SECONDS

    @invariant()
    def whoever_is_owed_work_gets_it(self) -> None:
        if hasattr(self, "schedule"):
            assert self.schedule.depth >= len(self.owed - self.busy)


TestQueue = Queue.TestCase


def test_of_several_dates_the_earliest_wins() -> None:
    schedule = Schedule(jitter=longest)
    schedule.add_at(KEYS[0], 50.0)
    schedule.add_at(KEYS[0], 5.0)
    schedule.add_at(KEYS[0], 20.0)
    assert schedule.next_due() == 5.0
    assert schedule.take(4.9) is None
    assert schedule.take(5.0) == KEYS[0]


def test_work_replaces_the_date() -> None:
    schedule = Schedule(jitter=longest)
    schedule.add_at(KEYS[0], 5.0)
    schedule.add(KEYS[0])
    schedule.take(1.0)
    schedule.done(KEYS[0])
    assert schedule.take(100.0) is None
    assert schedule.next_due() is None


def test_failures_wait_longer_and_longer_up_to_a_minute() -> None:
    schedule = Schedule(jitter=longest)
    schedule.add(KEYS[0])
    delays, now = [], 0.0
    for _ in range(12):
        now = max(now, schedule.next_due() or now)
        assert schedule.take(now) == KEYS[0]
        delays.append(schedule.failed(KEYS[0], now))
    assert delays[:4] == [0.25, 0.5, 1.0, 2.0]
    assert delays[-1] == CAP_SECONDS


def test_success_forgets_failures() -> None:
    schedule = Schedule(jitter=longest)
    for outcome in ("fail", "fail", "work"):
        schedule.add(KEYS[0])
        schedule.take(0.0)
        if outcome == "fail":
            schedule.failed(KEYS[0], 0.0)
        else:
            schedule.done(KEYS[0])
    schedule.add(KEYS[0])
    schedule.take(0.0)
    assert schedule.failed(KEYS[0], 0.0) == 0.25


def test_ten_thousand_keys_are_no_burden() -> None:
    schedule = Schedule(jitter=longest)
    keys = [Key("TrainingJob", "space", str(number)) for number in range(10_000)]
    for number, key in enumerate(keys):
        schedule.add(key)
        schedule.add_at(key, number % 97)
    while (taken := schedule.take(0.0)) is not None:
        schedule.done(taken)
    assert schedule.depth == 0
