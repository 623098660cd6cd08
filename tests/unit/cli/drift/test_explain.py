"""A bundle holds a decision whole: it is made again on a laptop, and what differs is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mooring.cli.drift.bundle import Bundle, NoBundleError, read
from mooring.cli.drift.explain import explained
from mooring.cli.main import main
from mooring.reconcile.driftpolicy import explain
from mooring.reconcile.driftpolicy.listing import Look
from mooring.reconcile.driftpolicy.others import Other
from mooring.reconcile.driftseen import SegmentSeen
from tests.unit.cli.drift.history import bundle, bundle_with_segments

QUIET: list[dict[str, object]] = [{}] * 3
HARM: list[dict[str, object]] = [{}, {}, {"lost": 0.3}, {"lost": 0.3}]


def test_a_bundle_is_read_as_it_was_written() -> None:
    written = bundle(HARM)
    assert read(written.to_json()) == written


def test_a_bundle_is_read_where_what_was_seen_has_gaps() -> None:
    written = bundle(HARM)
    only_watches = Other("default", "shop", created=None, deployment="web", training_job=None)
    under_way = Look("income-data-1", ended=False, report=None)
    gaps = replace(written, seen=replace(written.seen, others=(only_watches,), looks=(under_way,)))
    assert read(gaps.to_json()) == gaps


def test_the_decision_is_the_one_that_a_plan_makes() -> None:
    written = bundle(HARM)
    told, same = explained(read(written.to_json()))
    assert same
    assert explain(written.seen, written.taken_at) in told
    assert "wrong answers in 30.0% of predictions by 4,000 truths, against 10.0% of 40,000 rows at training" in told


def test_alarms_are_computed_anew_from_the_windows() -> None:
    told, same = explained(bundle(HARM))
    assert same
    assert told.count("computed anew from the recorded windows: the same") >= 1


def test_alarms_of_segments_are_computed_anew_as_well() -> None:
    written = bundle_with_segments([{}, {"moved": True}, {"lost": 0.5}, {"lost": 0.5}])
    told, same = explained(read(written.to_json()))
    known = written.seen.drift
    assert same
    assert known is not None
    assert {(alarm.test, alarm.segment) for alarm in known.alarms} == {("inputs", "color=red"), ("harm", "color=red")}
    assert told.count("computed anew from the recorded windows: the same") == len(known.alarms)
    assert ": where color is red: age moved up by 0.75 at 60" in told


def test_of_days_that_were_settled_inside_a_window_nothing_is_claimed() -> None:
    written = bundle(HARM)
    known, policy = written.seen.drift, written.seen.policy
    assert known is not None
    spec = policy.spec.model_copy(update={"harm": type(policy.spec.harm)()})  # truths mature for a day
    earlier = replace(known, alarms=tuple(replace(alarm, at=alarm.at - 5000) for alarm in known.alarms))
    seen = replace(written.seen, drift=earlier, policy=policy.model_copy(update={"spec": spec}))
    told, same = explained(replace(written, seen=seen))
    assert same
    assert "not computed anew: days of truths are settled inside a window, which is kept in whole" in told


def test_an_alarm_of_another_segment_is_another_alarm() -> None:
    written = bundle_with_segments([{}, {"moved": True}])
    known = written.seen.drift
    assert known is not None
    forged = tuple(replace(alarm, segment="color=green") for alarm in known.alarms)
    told, same = explained(replace(written, seen=replace(written.seen, drift=replace(known, alarms=forged))))
    assert not same
    assert "COMPUTED ANEW: no alarm" in told


def test_an_alarm_that_the_windows_do_not_give_is_told_apart() -> None:
    written = bundle(HARM)
    known = written.seen.drift
    assert known is not None
    forged = tuple(replace(alarm, sentence="because we say so") for alarm in known.alarms)
    told, same = explained(replace(written, seen=replace(written.seen, drift=replace(known, alarms=forged))))
    assert not same
    assert "COMPUTED ANEW: wrong answers in 30.0%" in told


def test_an_alarm_of_a_version_that_was_replaced_is_computed_anew_as_well() -> None:
    written = bundle(HARM)
    known = written.seen.drift
    assert known is not None
    replaced = replace(known, version="income-v2", begun=known.at)
    told, same = explained(replace(written, seen=replace(written.seen, drift=replaced)))
    assert same
    assert told.count("computed anew from the recorded windows: the same") == len(known.alarms)


def test_alarms_of_a_segment_are_told_apart_and_kept_in_a_bundle() -> None:
    written = bundle(HARM)
    known = written.seen.drift
    assert known is not None
    inside = tuple(replace(alarm, segment="SEX=2") for alarm in known.alarms)
    segments = (SegmentSeen("SEX=2", 900, 4, known.window, known.harm, known.harm_at, 1),)
    changed = replace(written, seen=replace(written.seen, drift=replace(known, alarms=inside, segments=segments)))
    assert read(changed.to_json()) == changed
    told, same = explained(changed)
    assert not same
    assert "harm in SEX=2: wrong answers in 30.0%" in told
    assert "COMPUTED ANEW: no alarm" in told


def test_where_its_windows_are_not_kept_nothing_is_claimed() -> None:
    written = bundle(HARM)
    told, same = explained(replace(written, tape=written.tape.without(len(HARM))))
    assert same
    assert "not computed anew" in told


def test_without_alarms_it_says_so() -> None:
    assert "no alarm is remembered" in explained(bundle(QUIET))[0]


@pytest.mark.parametrize("text", [b"", b"{}", b'{"format": 2}', b"[1]", b"\xff"])
def test_what_is_no_bundle_is_refused(text: bytes) -> None:
    with pytest.raises(NoBundleError, match="no bundle of a DriftPolicy"):
        read(text)


def test_a_bundle_of_another_format_is_refused() -> None:
    other = json.loads(bundle(QUIET).to_json()) | {"format": 2}
    with pytest.raises(NoBundleError, match="of format 2, and this Mooring reads 1"):
        read(json.dumps(other).encode())


def test_the_command_ends_as_it_found_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bundle.json"
    written: Bundle = bundle(HARM)
    file.write_bytes(written.to_json())
    assert main(["drift", "explain", str(file)]) == 0
    known = written.seen.drift
    assert known is not None
    forged = replace(known, alarms=tuple(replace(alarm, sentence="x") for alarm in known.alarms))
    file.write_bytes(replace(written, seen=replace(written.seen, drift=forged)).to_json())
    assert main(["drift", "explain", str(file)]) == 3
    file.write_text("no")
    assert main(["drift", "explain", str(file)]) == 1
    assert "error: this is no bundle" in capsys.readouterr().err
