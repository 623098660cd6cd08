"""Which requests are kept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.serving.capture.sample import Sampler

KEY = bytes(range(32))


@given(st.binary(max_size=40), st.binary(max_size=2000), st.integers(1, 1000))
def test_every_pod_of_a_deployment_decides_alike_and_a_larger_share_holds_the_smaller(
    identity: bytes, body: bytes, per_mille: int
) -> None:
    kept = Sampler(KEY, per_mille).keeps(identity, body)
    assert kept == Sampler(KEY, per_mille).keeps(identity, bytearray(body))
    assert not kept or Sampler(KEY, min(1000, per_mille + 7)).keeps(identity, body)
    assert Sampler(KEY, 1000).keeps(identity, body)


@pytest.mark.parametrize("size", [10, 5000], ids=["short", "long"])
@pytest.mark.parametrize("counted", ["id", "body"])
def test_the_share_is_what_was_asked_for_however_alike_the_requests_are(size: int, counted: str) -> None:
    sampler, body = Sampler(KEY, 100), b"x" * size
    kept = sum(
        sampler.keeps(b"request-%d" % n if counted == "id" else b"same", body if counted == "id" else body + b"%d" % n)
        for n in range(20_000)
    )
    assert 1850 < kept < 2150  # 2000, by five standard deviations


def test_who_does_not_know_the_key_cannot_choose_what_is_kept() -> None:
    bodies = [b"%d" % number for number in range(5000)]
    kept = {body for body in bodies if Sampler(KEY, 100).keeps(b"", body)}
    others = {body for body in bodies if Sampler(bytes(32), 100).keeps(b"", body)}
    assert len(kept & others) < 0.2 * len(kept)
