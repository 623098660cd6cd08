from __future__ import annotations

import json
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.ledger.interval import Interval, cells
from mooring.ledger.layout import ROLES, FeatureCells, Layout
from mooring.ledger.readable import readable
from mooring.ledger.wire import MAGIC, decode, encode, encode_interval
from tests.unit.ledger import worlds

LAYOUT = Layout((FeatureCells("age", "number", 2), FeatureCells("city", "text", 0)), bins=2, classes=3)
COUNTS = st.lists(st.integers(0, 2**63 - 1) | st.integers(0, 300), min_size=LAYOUT.size, max_size=LAYOUT.size)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    roles = {}
    for role in draw(st.sets(st.sampled_from(ROLES))):
        roles[role] = cells(size=LAYOUT.size)
        for place in draw(st.sets(st.integers(0, LAYOUT.size - 1), max_size=6)):
            roles[role][place] = draw(st.integers(0, 2**63 - 1) | st.integers(0, 300))
    joined = draw(st.dictionaries(worlds.joins, st.integers(1, 2**40), max_size=4))
    return Interval(
        draw(st.integers(1, 2**60)), draw(st.integers(0, 2**60)), draw(st.integers(0, 2**60)), roles, joined
    )


def document(*found: Interval, layout: Layout = LAYOUT) -> bytes:
    frames = [encode_interval(one) for one in found]
    return encode(worlds.STREAM, layout, frames, oldest=1, upcoming=9, final=True)


@settings(deadline=None)
@given(st.lists(intervals(), max_size=4, unique_by=lambda one: one.seq))
def test_what_is_sent_arrives(sent: list[Interval]) -> None:
    sent.sort(key=lambda one: one.seq)
    reading = decode(document(*sent))
    assert list(reading.intervals) == sent
    assert (reading.stream, reading.oldest, reading.next, reading.final) == (worlds.STREAM, 1, 9, True)
    assert Layout.from_json(reading.layout) == LAYOUT
    json.dumps(readable(reading))


@settings(deadline=None)
@given(intervals(), st.data())
def test_a_changed_byte_never_arrives_as_another_count(sent: Interval, data: st.DataObject) -> None:
    raw = bytearray(document(sent))
    place = data.draw(st.integers(len(raw) - len(encode_interval(sent)), len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="ledger"):
        decode(bytes(raw))


@settings(deadline=None)
@given(intervals(), st.data())
def test_a_cut_off_document_is_refused_unless_the_cut_is_between_intervals(sent: Interval, data: st.DataObject) -> None:
    raw = document(sent)
    whole = len(raw) - len(encode_interval(sent))
    cut = data.draw(st.integers(0, len(raw) - 1).filter(lambda place: place != whole))
    with pytest.raises(ValueError, match=r"ledger|cut|Expecting|JSON"):
        decode(raw[:cut])


@given(st.binary(max_size=200))
def test_garbage_is_refused(garbage: bytes) -> None:
    for raw in (garbage, MAGIC + garbage):
        with pytest.raises(ValueError):  # noqa: PT011 (any reason will do)
            decode(raw)


def frame(payload: bytes) -> bytes:
    packed = zlib.compress(payload)
    return struct.pack("<II", len(packed), zlib.crc32(packed)) + packed


HEAD = struct.pack("<QQQ", 1, 0, 0)
ROLE = b"\x00\x01" + bytes(LAYOUT.size)


@pytest.mark.parametrize(
    "payload",
    [
        HEAD + struct.pack("<BI", 1, 0) + b"\x07\x01" + bytes(LAYOUT.size),
        HEAD + struct.pack("<BI", 1, 0) + b"\x00\x03" + bytes(LAYOUT.size),
        HEAD + struct.pack("<BI", 2, 0) + ROLE + ROLE,
        HEAD + struct.pack("<BI", 1, 0) + ROLE + b"more",
        HEAD + struct.pack("<BI", 0, 2) + struct.pack("<IBIIIQ", 1, 0, 1, 1, 1, 5) * 2,
        HEAD + struct.pack("<BI", 0, 1) + struct.pack("<IBIIIQ", 1, 9, 1, 1, 1, 5),
        HEAD + struct.pack("<BI", 1, 0) + b"\x00\x08" + b"\xff" * 8 * LAYOUT.size,
        struct.pack("<QQQBI", 0, 0, 0, 0, 0),
        bytes(100_000_000),
    ],
    ids=["role", "width", "twice", "longer", "join twice", "join's role", "negative", "number 0", "bomb"],
)
def test_a_sound_frame_with_a_wrong_content_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="ledger"):
        decode(encode(worlds.STREAM, LAYOUT, [frame(payload)], oldest=1, upcoming=2, final=False))


def test_intervals_out_of_order_are_refused() -> None:
    one, two = Interval(1, 0, 0), Interval(2, 0, 0)
    with pytest.raises(ValueError, match="order"):
        decode(document(two, one))


@pytest.mark.parametrize("layout", [None, [], {"features": [1]}, {"features": [], "bins": 0, "classes": 1}])
def test_what_is_no_layout_is_refused(layout: object) -> None:
    with pytest.raises(ValueError, match="layout"):
        Layout.from_json(layout)


def test_a_quiet_interval_costs_little() -> None:
    assert len(encode_interval(Interval(7, 0, 5000))) < 64
