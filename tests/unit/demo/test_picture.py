"""The picture of a loop shows every version, every moment, and since when the world was another one."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from demo.picture import Mark, draw
from demo.visitors import Second

SECONDS = [
    Second(1000 + at, "quiet" if at < 30 else "a < b", 100, versions={"m-v1" if at < 60 else "m-v2": [100, 80]})
    for at in range(90)
]


def drawn(marks: tuple[Mark, ...] = ()) -> ElementTree.Element:
    return ElementTree.fromstring(draw(SECONDS, marks, title="A title", at_training=0.8))  # noqa: S314 (our own)


def texts(picture: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in picture.iter("{http://www.w3.org/2000/svg}text")]


def test_it_names_versions_phase_and_accuracy_at_training() -> None:
    assert {"A title", "m-v1", "m-v2", "a < b", "at training", "80.0%"} <= set(texts(drawn()))


def test_moments_stand_in_their_order_and_inside_the_picture() -> None:
    marks = (Mark(1080, "promoted"), Mark(1000, "began"), Mark(5000, "after the end"))
    assert texts(drawn(marks))[-3:] == ["began", "promoted", "after the end"]
    assert all(
        0 <= float(x) <= 820 for x in re.findall(r'd="M([\d.]+) -', draw(SECONDS, marks, title="", at_training=0.8))
    )


def test_a_version_that_answered_nobody_for_long_enough_has_no_line() -> None:
    few = [*SECONDS, Second(1090, "a < b", 1, versions={"m-v3": [1, 1]})]
    picture = draw(few, (), title="", at_training=0.8)
    assert picture.count('stroke-linejoin="round"') == 2
