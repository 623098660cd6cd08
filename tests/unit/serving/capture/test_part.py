"""Parts are read back as they were written, and what is no part is said to be none."""

from __future__ import annotations

import gzip
import json
import math
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.artifact.manifest import Interface
from mooring.ledger.binner import Strata
from mooring.ledger.packed import Kinds, Packed
from mooring.serving.capture.part import Encoder, Unreadable, head_of, read_part
from mooring.serving.capture.waiting import Predicted, Told
from mooring.serving.record import Scoring
from tests.unit.serving import artifacts

SHOP = artifacts.manifest()
SCORING = Scoring(Strata((), 2), 1, 0, {0: 0, 1: 1}, 1)
KINDS = Kinds([feature.datatype == "BYTES" for feature in SHOP.features])

rows = st.tuples(
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=True, allow_infinity=False),
    st.booleans(),
    st.none() | st.text(st.characters(exclude_categories=["Cs"])),
)


def encoder(interface: Interface = SHOP, scoring: Scoring = SCORING) -> Encoder:
    head = head_of(interface, model="shop", version="shop-v3", digest="sha256:0", pod="shop-v3-abc")
    return Encoder(head, scoring)


def predicted(sent: list[tuple[object, ...]], request: str | None = None, at: float = 1e9) -> Predicted:
    columns = [*zip(*sent, strict=True)]
    age, income, member, color = ([*column] for column in columns)
    packed = Packed.of(KINDS, [[float(x) for x in age], income, [float(x) for x in member], color])
    labels = [n % 2 for n in range(len(sent))]
    answers = [labels, [*chain.from_iterable((0.75, 0.25) if not label else (0.375, 0.625) for label in labels)]]
    return Predicted("id", request, 1, at, packed, answers, len(sent), 1)


@given(st.lists(st.tuples(st.lists(rows, min_size=1, max_size=4), st.none() | st.text(max_size=5)), max_size=5))
def test_rows_come_back_with_their_types(sent: list[tuple[list[tuple[object, ...]], str | None]]) -> None:
    head, lines = read_part(encoder().rows([predicted(rows, request) for rows, request in sent]))
    assert (head.kind, head.model, head.version, head.pod) == ("rows", "shop", "shop-v3", "shop-v3-abc")
    assert [(one.name, one.datatype) for one in head.features] == [(f.name, f.datatype) for f in artifacts.FEATURES]
    assert (head.target.name, head.target.datatype, head.classes) == ("bought", "INT64", [0, 1])
    for (rows, request), line in zip(sent, lines, strict=True):
        missing = [[None if value != value else value for value in row] for row in rows]
        assert line["rows"] == missing
        assert (line["id"], line.get("request"), line["role"], line["at"]) == ("id", request, "canary", 10**12)
        assert line["predictions"] == [n % 2 for n in range(len(rows))]
        assert line["scores"] == [(0.25, 0.625)[n % 2] for n in range(len(rows))]


def test_a_regression_has_predictions_and_no_scores() -> None:
    output = {"name": "prediction", "datatype": "FP64", "shape": [-1]}
    feature = {"name": "x", "datatype": "FP64", "nullable": True}
    price = Interface.model_validate(
        {"task": "Regression", "estimator": "Ridge", "features": [feature], "outputs": [output]}
    )
    packed = Packed.of(Kinds([False]), [[1.5, math.nan]])
    item = Predicted("id", None, 0, 1.0, packed, [[2.5, 3.5]], 2, 1)
    head, lines = read_part(encoder(price, Scoring(Strata(), 0, None, {}, None)).rows([item]))
    assert (head.target.name, head.target.datatype, head.classes) == ("target", "FP64", None)
    assert list(lines) == [
        {"id": "id", "role": "stable", "at": 1000, "rows": [[1.5], [None]], "predictions": [2.5, 3.5]}
    ]


def test_truths_come_back() -> None:
    head, lines = read_part(encoder().truths([Told("a", 0, 1, 1.5), Told("b", 7, "x", 2.0)]))
    assert (head.kind, head.features) == ("truths", [])
    assert list(lines) == [
        {"id": "a", "row": 0, "truth": 1, "at": 1500},
        {"id": "b", "row": 7, "truth": "x", "at": 2000},
    ]


def test_anybody_can_read_a_part() -> None:
    first, second = gzip.decompress(encoder().rows([predicted([(39, 1.5, True, "red")])])).splitlines()
    assert json.loads(first)["formatVersion"] == 1
    assert json.loads(second)["rows"] == [[39, 1.5, True, "red"]]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is cut off"),
        (b"PAR1", "incorrect header check"),
        (gzip.compress(b"", mtime=0), "it is empty"),
        (gzip.compress(b"{}\n", mtime=0), "its first line is no head of a part"),
        (gzip.compress(b'{"formatVersion":2}\n', mtime=0), "or that of a later version of Mooring"),
        (gzip.compress(b"hello\n", mtime=0), "unexpected character"),
    ],
)
def test_what_is_no_part_is_said_to_be_none(content: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read_part(content)


def test_a_part_that_is_cut_off_gives_its_whole_lines_and_then_says_so() -> None:
    whole = encoder().truths([Told(str(number), 0, 1, 0.0) for number in range(4_000)])
    _, lines = read_part(whole[: len(whole) // 2])
    read: list[object] = []
    with pytest.raises(Unreadable, match="cut off"):
        read.extend(line["id"] for line in lines)
    assert 0 < len(read) < 4_000
    assert read == [*map(str, range(len(read)))]


@given(st.binary(max_size=200), st.integers(0, 300))
def test_damage_is_never_a_crash(damage: bytes, at: int) -> None:
    whole = encoder().rows([predicted([(39, 1.5, True, "red")] * 3)])
    try:
        _, lines = read_part(whole[:at] + damage + whole[at + len(damage) :])
        assert len(list(lines)) == 1
    except Unreadable:
        return
