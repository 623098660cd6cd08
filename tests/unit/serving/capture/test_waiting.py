"""What waits is bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mooring.ledger.packed import Kinds, Packed
from mooring.serving.capture.waiting import Item, Predicted, Told, Waiting

NOTHING = Packed(Kinds([]), 0, b"")


def predicted(number: int, rows: int, weight: int) -> Predicted:
    return Predicted(str(number), None, 0, 0.0, NOTHING, [], rows, weight)


items = st.one_of(
    st.builds(predicted, st.integers(0, 9), st.integers(1, 30), st.integers(1, 3000)),
    st.builds(Told, st.just("id"), st.integers(0, 5), st.integers(0, 1), st.just(0.0)),
)


@given(st.lists(items, max_size=60))
def test_the_oldest_make_room_and_nothing_is_lost_uncounted(given: list[Item]) -> None:
    waiting = Waiting(max_rows=50, max_bytes=5000)
    for item in given:
        waiting.add(item)
        assert waiting.rows <= 50
        assert waiting.bytes <= 5000
    dropped = {kind: tally.dropped for kind, tally in waiting.tallies.items()}
    kept = waiting.take()
    assert kept == given[len(given) - len(kept) :]
    for kind in (Predicted, Told):
        assert dropped[kind] == sum(item.rows for item in given[: len(given) - len(kept)] if isinstance(item, kind))
    assert (waiting.rows, waiting.bytes, waiting.take()) == (0, 0, [])


def test_what_alone_is_too_much_is_dropped_too() -> None:
    waiting = Waiting(max_rows=10, max_bytes=100)
    waiting.add(predicted(1, 1, 101))
    assert (waiting.take(), waiting.tallies[Predicted].dropped) == ([], 1)
