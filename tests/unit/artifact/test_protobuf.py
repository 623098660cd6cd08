"""Numbers as protocol buffers write them; whole files are read by ONNX' own checker in the tests of compiling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.artifact.compiled.protobuf import content, packed, varint


@pytest.mark.parametrize(("value", "raw"), [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (300, "ac02")])
def test_numbers_take_seven_bits_a_byte(value: int, raw: str) -> None:
    assert varint(value).hex() == raw


@given(st.lists(st.integers(0, 2**62), max_size=20))
def test_many_numbers_are_the_numbers_one_by_one(values: list[int]) -> None:
    assert packed(8, np.array(values, dtype=np.int64)) == content(8, b"".join(map(varint, values)))
