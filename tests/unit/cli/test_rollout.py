"""`kubectl mooring rollout`: it says where a rollout stands, and sets annotations that name what they act on."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from mooring.api.modeldeployment import ModelDeployment
from mooring.cli.kubectl import main
from mooring.cli.rollout import documents
from mooring.cli.rollout_view import view
from mooring.stats.judge import Forecast, Traffic
from tests.unit.reconcile.canary import annotate, canary, follow, foretell, judge, serving, status
from tests.unit.reconcile.world import World

KUBECTL = """#!/usr/bin/env python3
import pathlib, sys
folder = pathlib.Path(__file__).parent
with open(folder / "asked", "a") as asked:
    print(*sys.argv[1:], file=asked)
if "get" in sys.argv:
    print((folder / "answer").read_text())
"""


@pytest.fixture
def world() -> World:
    """A world in which income-v2 is at 5%."""
    world = serving(canary(), versions=2)
    follow(world)
    return world


@pytest.fixture
def run(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what runs a command against a kubectl that knows the world, and gives the words that kubectl was told."""
    program = tmp_path / "kubectl"
    program.write_text(KUBECTL, encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("KUBECTL", str(program))

    def run(*words: str) -> tuple[int, list[str]]:
        found = world.objects[("ModelDeployment", "default", "income")]
        (tmp_path / "answer").write_text(json.dumps(found, indent=1), encoding="utf-8")
        (tmp_path / "asked").unlink(missing_ok=True)
        return main(["rollout", *words]), (tmp_path / "asked").read_text(encoding="utf-8").splitlines()

    return run


@pytest.mark.parametrize(
    ("action", "said"),
    [("promote", "income-v2/first"), ("abort", "income-v2"), ("rollback", "income-v1")],
)
def test_it_sets_the_annotation_that_names_what_is_there(run: Any, action: str, said: str) -> None:
    code, asked = run(action, "income", "-n", "default")
    wanted = f"--namespace default annotate modeldeployments.mooring.dev income --overwrite mooring.dev/{action}={said}"
    assert (code, asked[-1]) == (0, wanted)


def test_what_was_said_before_is_said_in_another_word(run: Any, world: World) -> None:
    annotate(world, "promote", "income-v2/first")
    _, asked = run("promote", "income")
    assert asked[-1].rpartition("/")[0].endswith("mooring.dev/promote=income-v2/first")


def test_a_retry_names_what_was_withdrawn_last(run: Any, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("retry", "income")[0] == 1
    assert "withdrawn in income: none" in capsys.readouterr().err
    judge(world, "Abort")
    follow(world)
    code, asked = run("retry", "income")
    assert (code, "mooring.dev/retry=income-v2/" in asked[-1]) == (0, True)
    annotate(world, "retry", asked[-1].partition("=")[2])
    follow(world)
    assert status(world)["canary"]["version"] == "income-v2"


def test_it_says_where_a_rollout_stands(run: Any, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    judge(world, "Undecided")
    follow(world)
    assert run("status", "income")[0] == 0
    said = capsys.readouterr().out
    assert said.startswith("income: Analysing at step first, 5%\n  stable   income-v1, 4 of 4 replicas ready\n")
    assert "  evidence: worse 0.3, withdrawn at 20; no worse 25, passed at 20\n" in said
    assert "    errors  0 of 50               3 of 1000      0.3    25        Undecided\n" in said


def test_a_watch_ends_with_the_rollout(run: Any, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    judge(world, "Abort", reason="errors: 40 of 50")
    follow(world)
    code, _ = run("status", "income", "--watch")
    assert (code, "was withdrawn: errors: 40 of 50" in capsys.readouterr().out) == (1, True)


def test_history_is_a_table(run: Any, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    judge(world, "Abort")
    follow(world)
    assert run("history", "income")[0] == 0
    head, newest, first = capsys.readouterr().out.splitlines()
    assert head.split() == ["ENDED", "FROM", "TO", "OUTCOME", "SECONDS", "REASON"]
    assert newest.split()[2:5] == ["income-v1", "income-v2", "Aborted"]
    assert first.split()[2:5] == ["-", "income-v1", "Promoted"]


def test_a_stream_of_documents_is_read_one_by_one() -> None:
    text = json.dumps({"a": {"b": 1}}, indent=4) + "\n" + json.dumps({"c": []}, indent=4) + "\n"
    assert list(documents(text.splitlines(keepends=True))) == [{"a": {"b": 1}}, {"c": []}]


def test_it_says_what_each_step_can_show(run: Any, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    weak = Forecast("first", None, 200_000, 9_000, "step first: it takes too long")
    foretell(world, weak, Forecast("half", 5_000, 300, 1_000, ""), traffic=Traffic(620, 0.012))
    follow(world)
    assert run("status", "income")[0] == 0
    said = capsys.readouterr().out.splitlines()
    place = said.index("  forecast, at about 620 requests a minute, 1.2% of the stable's failing:")
    assert said[place + 1 : place + 5] == [
        "    STEP   NO WORSE  TWICE THE FAILURES  FIVE TIMES",
        "    first  2 h       not in a week       2 days",
        "    half   17 min    83 min              5 min",
        "    warning: step first: it takes too long",
    ]


def test_a_forecast_that_was_told_is_not_told_again(world: World) -> None:
    foretell(world, Forecast("half", 5_000, 300, 1_000, ""))
    follow(world)
    deployment = ModelDeployment.model_validate(world.objects[("ModelDeployment", "default", "income")])
    told, before = view(deployment), view(deployment, forecast=False)
    assert told.startswith(before)
    assert ("FIVE TIMES" in told, "FIVE TIMES" in before) == (True, False)
