"""Delay against the size of a shift, as SVG: no library is needed for a few lines on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log

WIDTH, HEIGHT, TOP, LEFT, LEGEND = 420, 260, 34, 56, 345
COLOURS = ("#c22f3d", "#e0707a", "#8a1c2a", "#4b84b8", "#c98b2b", "#7d5ba6", "#5a9a68", "#8a8a8a", "#b5b5b5")
OURS = 3
"""How many of the lines are ours: thicker."""
FONT = 'font-family="Helvetica, Arial, sans-serif" font-size="11"'
TICKS = (1, 2, 5, 10, 20, 30)


@dataclass(frozen=True)
class Curve:
    """One method: the median delay in windows at each shift; inf: more than half were missed."""

    title: str
    delays: Sequence[float]


def draw(curves: Sequence[Curve], shifts: Sequence[float], most: int) -> str:
    """Return the picture. What was missed lies on the line above the longest delay."""
    wide, high = LEFT + WIDTH + LEGEND, TOP + HEIGHT + 50
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" {FONT}>']
    parts.append(f'<rect width="{wide}" height="{high}" fill="#ffffff"/><g transform="translate({LEFT},{TOP})">')
    parts += _frame(shifts, most)
    for number, curve in enumerate(curves):
        points = [
            # Lines that lie on one another are told apart by a hair.
            (_x(shift, shifts), _y(delay if isfinite(delay) else 2.0 * most, most) - 1.5 * (number - len(curves) / 2))
            for shift, delay in zip(shifts, curve.delays, strict=True)
        ]
        parts += _line(points, COLOURS[number % len(COLOURS)], 2.6 if number < OURS else 1.4)
        y = 8 + 20 * number
        parts += _line(
            [(WIDTH + 16, y), (WIDTH + 40, y)], COLOURS[number % len(COLOURS)], 2.6 if number < OURS else 1.4
        )
        parts.append(f'<text x="{WIDTH + 46}" y="{y + 4}">{curve.title.replace("**", "")}</text>')
    return "\n".join([*parts, "</g></svg>"]) + "\n"


def _frame(shifts: Sequence[float], most: int) -> list[str]:
    parts = [
        '<text x="0" y="-14" font-weight="bold">windows of 500 rows until one shifted column of ten is found</text>'
    ]
    for tick in (*(one for one in TICKS if one <= most), 2 * most):
        y = _y(tick, most)
        title = str(tick) if tick <= most else "missed"
        parts.append(f'<path d="M0 {y:.1f}H{WIDTH}" stroke="#e6e6e6"/>')
        parts.append(f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{title}</text>')
    for shift in shifts:
        x = _x(shift, shifts)
        parts.append(f'<path d="M{x:.1f} {HEIGHT}v4" stroke="#333333"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT + 17}" text-anchor="middle">{shift}σ</text>')
    parts.append(f'<path d="M0 0V{HEIGHT}H{WIDTH}" fill="none" stroke="#333333"/>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT + 36}" text-anchor="middle">shift of the column</text>')
    return parts


def _x(shift: float, shifts: Sequence[float]) -> float:
    low, high = min(shifts), max(shifts)
    return 20 + (WIDTH - 40) * (shift - low) / (high - low)


def _y(delay: float, most: int) -> float:
    return 12 + (HEIGHT - 28) * (1 - log(delay) / log(2 * most))


def _line(points: Sequence[tuple[float, float]], colour: str, width: float) -> list[str]:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return [f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>']
