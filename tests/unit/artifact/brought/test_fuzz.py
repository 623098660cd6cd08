"""Whatever a file holds, it is read or refused: no other exception, no hang."""

from __future__ import annotations

import contextlib
import functools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mooring.artifact.brought.lightgbm import read_lightgbm
from mooring.artifact.brought.mlflow import look_inside
from mooring.artifact.brought.model import read_ensemble
from mooring.artifact.brought.ubjson import read_ubjson
from mooring.artifact.brought.xgboost import read_xgboost
from mooring.artifact.errors import ModelRefused
from tests.unit.artifact.brought.models import lightgbm_file, target, xgboost_file

CALMLY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@functools.cache
def sample(form: str) -> bytes:
    """Return a small model's file: json, ubj or txt."""
    if form == "txt":
        return lightgbm_file({"objective": "binary", "num_leaves": 4}, target("binary"), rounds=2).encode()
    return xgboost_file({"objective": "binary:logistic", "max_depth": 2}, target("binary"), form=form, rounds=2)


def read_or_refused(content: bytes, form: str) -> None:
    with contextlib.suppress(ModelRefused):
        read_ensemble(content, "LightGBM" if form == "txt" else "XGBoost")


@pytest.mark.parametrize("form", ["json", "ubj", "txt"])
@CALMLY
@given(data=st.data())
def test_damaged_files(form: str, data: st.DataObject) -> None:
    content = bytearray(sample(form))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    read_or_refused(bytes(content), form)


@pytest.mark.parametrize("form", ["json", "ubj", "txt"])
@CALMLY
@given(share=st.floats(0, 1))
def test_files_that_were_cut_off(form: str, share: float) -> None:
    content = sample(form)
    read_or_refused(content[: int(len(content) * share)], form)


@CALMLY
@given(content=st.binary(max_size=200))
def test_anything(content: bytes) -> None:
    for form in ("json", "ubj", "txt"):
        read_or_refused(content, form)
    for head in (b"", b"{", b"[", b"[#", b"[$", b"{i\x01a["):
        with contextlib.suppress(ModelRefused):
            read_ubjson(head + content)


@CALMLY
@given(content=st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_any_mlmodel(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("mlflow", numbered=True)
    (folder / "MLmodel").write_bytes(content)
    with pytest.raises(ModelRefused):
        look_inside(folder)


BOMBS = {
    "deep lists": b'{"learner":' + b"[" * 100_000,
    "deep binary lists": b"{i\x07learner" + b"[" * 100_000,
    "a long list of nothing": b"{i\x07learner[$Z#L\x00\x00\x7f\xff\xff\xff\xff\xff",
    "a long list of numbers": b"{i\x07learner[$D#L\x00\x00\x7f\xff\xff\xff\xff\xff",
    "a long text": b"{i\x07learnerSL\x00\x00\x7f\xff\xff\xff\xff\xff",
    "a negative length": b"{i\x07learnerSi\xff",
    "a long number": b'{"learner":' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("content", BOMBS.values(), ids=BOMBS)
def test_bombs_are_refused_at_once(content: bytes) -> None:
    with pytest.raises(ModelRefused):
        read_xgboost(content)


def test_more_leaves_than_there_are_is_refused() -> None:
    with pytest.raises(ModelRefused, match="leaf_value has"):
        read_lightgbm(sample("txt").replace(b"num_leaves=4", b"num_leaves=2000000000"))


def test_a_sigmoid_without_its_number_is_refused() -> None:
    with pytest.raises(ModelRefused, match="gives 0 numbers as sigmoid"):
        read_lightgbm(sample("txt").replace(b"sigmoid:1", b"sigmoid:"))


def test_what_a_leaf_says_of_children_is_not_looked_at() -> None:
    plain = json.loads(sample("json"))
    expected = read_xgboost(json.dumps(plain).encode())
    for tree in plain["learner"]["gradient_booster"]["model"]["trees"]:
        leaf = tree["left_children"].index(-1)
        tree["left_children"][leaf], tree["right_children"][leaf] = -(2**31), 2**31 - 1
    found = read_xgboost(json.dumps(plain).encode())
    assert [tree.left.tolist() for tree in found.trees] == [tree.left.tolist() for tree in expected.trees]
