"""Writing: in the background, patiently, bounded, and once more at the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest

from mooring.artifact.errors import StoreUnavailable
from mooring.serving.capture import writer as writer_module
from mooring.serving.capture.waiting import Item, Predicted, Told, Waiting
from mooring.serving.capture.writer import Part, Writer
from mooring.serving.drain import until


class Shelf:
    """A store that can be out of order, or never answer."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.refuses = False
        self.asked = 0
        self.answers = threading.Event()
        self.answers.set()

    def put(self, path: str, content: bytes) -> None:
        self.asked += 1
        self.answers.wait(30)
        if self.refuses:
            raise StoreUnavailable("the store is out of order")
        self.files[path] = content


def made(shelf: Shelf, every: float = 3600.0) -> tuple[Waiting, Writer]:
    waiting = Waiting()

    def encode(items: Sequence[Item], number: int) -> list[Part]:
        content = " ".join(item.id for item in items).encode()
        return [Part(str(number), content, len(items), waiting.tallies[Told])]

    return waiting, Writer(waiting, encode, shelf.put, every=every)


def tell(waiting: Waiting, writer: Writer, *names: str) -> None:
    for name in names:
        waiting.add(Told(name, 0, 1, 0.0))
        writer.added()


async def holds(condition: Callable[[], bool]) -> None:
    await until(condition, 10)
    assert condition()


async def test_what_waits_is_written_now_and_then() -> None:
    shelf = Shelf()
    waiting, writer = made(shelf, every=0.01)
    writer.start()
    tell(waiting, writer, "a", "b")
    await holds(lambda: shelf.files == {"1": b"a b"})
    tell(waiting, writer, "c")
    await holds(lambda: shelf.files == {"1": b"a b", "2": b"c"})
    await writer.finish()
    assert (waiting.tallies[Told].written, waiting.tallies[Told].dropped, writer.parts) == (3, 0, 2)


async def test_many_rows_do_not_wait_for_their_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "WRITE_ROWS", 3)
    shelf = Shelf()
    waiting, writer = made(shelf)
    writer.start()
    tell(waiting, writer, "a", "b", "c")
    await holds(lambda: shelf.files == {"1": b"a b c"})
    await writer.finish()


async def test_the_end_writes_what_is_left() -> None:
    shelf = Shelf()
    waiting, writer = made(shelf)
    writer.start()
    await asyncio.sleep(0)
    tell(waiting, writer, "a")
    await writer.finish()
    assert (shelf.files, waiting.tallies[Told].written) == ({"1": b"a"}, 1)


async def test_a_store_that_comes_back_gets_everything_in_order() -> None:
    shelf = Shelf()
    waiting, writer = made(shelf)
    shelf.refuses = True
    for name in "abc":
        tell(waiting, writer, name)
        await writer.write()
    assert (shelf.files, waiting.rows) == ({}, 0)
    shelf.refuses = False
    await writer.write()
    assert list(shelf.files.values()) == [b"a", b"b", b"c"]
    assert waiting.tallies[Told].written == 3


async def test_of_too_much_for_a_store_that_is_away_the_oldest_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "PENDING_BYTES", 5)
    shelf = Shelf()
    shelf.refuses = True
    waiting, writer = made(shelf)
    for name in ("aa", "bb", "cc"):
        tell(waiting, writer, name)
        await writer.write()
    shelf.refuses = False
    await writer.write()
    assert list(shelf.files.values()) == [b"bb", b"cc"]
    assert (waiting.tallies[Told].written, waiting.tallies[Told].dropped) == (2, 1)


async def test_the_end_does_not_wait_for_a_store_that_never_answers() -> None:
    shelf = Shelf()
    waiting, writer = made(shelf)
    writer.start()
    await asyncio.sleep(0)
    tell(waiting, writer, "a")
    shelf.answers.clear()
    await writer.finish(patience=0.05)
    assert (shelf.asked, waiting.tallies[Told].dropped) == (1, 1)
    shelf.answers.set()


async def test_who_was_never_started_ends_at_once() -> None:
    waiting, writer = made(Shelf())
    await writer.finish()
    assert waiting.tallies[Predicted].dropped == 0
