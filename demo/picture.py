"""What a loop did, as a picture: how often each version was right, second by second, and what happened when (SVG)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil

from demo.visitors import Second

WIDTH, HEIGHT, LEFT, TOP = 820, 260, 56, 112
RIGHT = 92
LEAST, MOST = 0.6, 0.9
"""Accuracies of the axis."""
BIN_SECONDS = 5
LEAST_ROWS = 20
"""Of a bin: fewer say little."""
COLOURS = ("#4b84b8", "#c98b2b", "#7d5ba6", "#3f8f5f")
"""Of the versions, in the order in which they came."""
CHANGED = "#fbeee6"
FONT = 'font-family="Helvetica, Arial, sans-serif" font-size="12"'


@dataclass(frozen=True)
class Mark:
    """Something that happened."""

    at: float
    """Seconds since 1970."""
    title: str


def draw(seconds: Sequence[Second], marks: Sequence[Mark], *, title: str, at_training: float) -> str:
    """Return the picture; `at_training` is the accuracy that the first version had on rows held out."""
    start = min(second.at for second in seconds)
    span = max(max(second.at for second in seconds) - start, BIN_SECONDS)
    wide, high = LEFT + WIDTH + RIGHT, TOP + HEIGHT + 76
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" {FONT}>']
    parts.append(f'<rect width="{wide}" height="{high}" fill="#ffffff"/>')
    parts.append(f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold">{escape(title)}</text>')
    parts.append(f'<g transform="translate({LEFT},{TOP})">')
    parts += _changed(seconds, start, span)
    parts += _axes(span)
    parts += _at_training(at_training)
    versions = _accuracies(seconds)
    for number, (version, points) in enumerate(versions.items()):
        parts += _line(version, points, start, span, number)
    parts += _marks(marks, start, span)
    return "\n".join([*parts, "</g></svg>"]) + "\n"


def _accuracies(seconds: Iterable[Second]) -> dict[str, list[tuple[float, float]]]:
    """Return (moment, accuracy) of each version, by bins of time."""
    counted: dict[str, dict[int, list[int]]] = {}
    for second in seconds:
        for version, (rows, right) in second.versions.items():
            of_bin = counted.setdefault(version, defaultdict(lambda: [0, 0]))[second.at // BIN_SECONDS]
            of_bin[0] += rows
            of_bin[1] += right
    return {
        version: [
            ((at + 0.5) * BIN_SECONDS, right / rows) for at, (rows, right) in sorted(bins.items()) if rows >= LEAST_ROWS
        ]
        for version, bins in counted.items()
    }


def _changed(seconds: Sequence[Second], start: int, span: float) -> list[str]:
    """Shade the phases after the first."""
    first = seconds[0].phase
    changed = [second for second in seconds if second.phase != first]
    if not changed:
        return []
    x = _x(changed[0].at, start, span)
    return [
        f'<rect x="{x:.1f}" y="0" width="{WIDTH - x:.1f}" height="{HEIGHT}" fill="{CHANGED}"/>',
        f'<text x="{x + 6:.1f}" y="{HEIGHT - 8}" fill="#a05a2c">{escape(changed[0].phase)}</text>',
    ]


def _axes(span: float) -> list[str]:
    parts = []
    for tenth in range(round(LEAST * 10), round(MOST * 10) + 1):
        y = _y(tenth / 10)
        parts.append(f'<path d="M0 {y:.1f}H{WIDTH}" stroke="#e0e0e0"/>')
        parts.append(f'<text x="-8" y="{y + 4:.1f}" text-anchor="end">{10 * tenth}%</text>')
    step = next(step for step in (10, 20, 30, 60, 120, 300, 600, 3600) if span / step <= 12 or step == 3600)
    for tick in range(0, ceil(span), step):
        x = WIDTH * tick / span
        parts.append(f'<path d="M{x:.1f} {HEIGHT}v5" stroke="#333333"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT + 19}" text-anchor="middle">{tick}</text>')
    parts.append(f'<path d="M0 0V{HEIGHT}H{WIDTH}" fill="none" stroke="#333333"/>')
    parts.append(
        f'<text x="{WIDTH}" y="{HEIGHT + 36}" text-anchor="end">seconds; right answers of {BIN_SECONDS} s each</text>'
    )
    return parts


def _at_training(accuracy: float) -> list[str]:
    y = _y(accuracy)
    return [
        f'<path d="M0 {y:.1f}H{WIDTH}" stroke="#777777" stroke-dasharray="5 4"/>',
        f'<text x="{WIDTH + 6}" y="{y - 2:.1f}" fill="#777777">at training</text>',
        f'<text x="{WIDTH + 6}" y="{y + 12:.1f}" fill="#777777">{accuracy:.1%}</text>',
    ]


def _line(version: str, points: Sequence[tuple[float, float]], start: int, span: float, number: int) -> list[str]:
    colour = COLOURS[number % len(COLOURS)]
    path = "L".join(f"{_x(at, start, span):.1f} {_y(accuracy):.1f}" for at, accuracy in points)
    x, y = 150 * number, HEIGHT + 58
    parts = [
        f'<path d="M{x} {y - 4}h22" stroke="{colour}" stroke-width="3"/>',
        f'<text x="{x + 28}" y="{y}">{escape(version)}</text>',
    ]
    if points:
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2.4" stroke-linejoin="round"/>')
    return parts


def _marks(marks: Sequence[Mark], start: int, span: float) -> list[str]:
    """Draw lines with titles above, on four heights so that neighbours do not cover each other."""
    parts = []
    for number, mark in enumerate(sorted(marks, key=lambda one: one.at)):
        x, height = _x(mark.at, start, span), 14 + 17 * (3 - number % 4)
        parts.append(f'<path d="M{x:.1f} {-height + 3}V{HEIGHT}" stroke="#c22f3d" stroke-width="1"/>')
        anchor = "end" if x > 0.8 * WIDTH else "start"
        shift = -4 if anchor == "end" else 4
        parts.append(
            f'<text x="{x + shift:.1f}" y="{-height + 10}" text-anchor="{anchor}" fill="#c22f3d">'
            f"{escape(mark.title)}</text>"
        )
    return parts


def _x(at: float, start: int, span: float) -> float:
    return max(0.0, min(1.0, (at - start) / span)) * WIDTH


def _y(accuracy: float) -> float:
    return HEIGHT * (MOST - max(LEAST, min(MOST, accuracy))) / (MOST - LEAST)
