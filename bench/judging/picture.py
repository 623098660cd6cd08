"""Curves of how many were found by when, as SVG: no library is needed for three panels of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, GAP, TOP, LEFT = 300, 200, 34, 34, 46
COLOURS = ("#8a8a8a", "#c98b2b", "#e3b968", "#4b84b8", "#7d5ba6", "#c22f3d")
"""Of the rules in their order; the last is ours, and drawn on top and thicker."""
FONT = 'font-family="Helvetica, Arial, sans-serif" font-size="11"'


@dataclass(frozen=True)
class Panel:
    """One kind of bad version."""

    title: str
    minutes: int
    """Of the axis."""
    found: Mapping[str, Sequence[float]]
    """By rule, the minute of each run; inf: never."""


def draw(panels: Sequence[Panel]) -> str:
    """Return the picture."""
    rules = list(panels[0].found)
    wide = LEFT + len(panels) * (WIDTH + GAP)
    high = TOP + HEIGHT + 46 + 18 * ((len(rules) + 1) // 2)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" {FONT}>']
    parts.append(f'<rect width="{wide}" height="{high}" fill="#ffffff"/>')
    for number, panel in enumerate(panels):
        parts.append(f'<g transform="translate({LEFT + number * (WIDTH + GAP)},{TOP})">')
        parts += _frame(panel, first=number == 0)
        parts += [_curve(panel, rule, number == len(rules) - 1, COLOURS[number]) for number, rule in enumerate(rules)]
        parts.append("</g>")
    parts += _legend(rules)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _frame(panel: Panel, *, first: bool) -> list[str]:
    parts = [f'<text x="{WIDTH / 2}" y="-12" text-anchor="middle" font-weight="bold">{panel.title}</text>']
    for share in (0, 25, 50, 75, 100):
        y = HEIGHT * (1 - share / 100)
        parts.append(f'<path d="M0 {y}H{WIDTH}" stroke="#e6e6e6"/>')
        if first:
            parts.append(f'<text x="-6" y="{y + 4}" text-anchor="end">{share}%</text>')
    for tick in range(0, panel.minutes + 1, panel.minutes // 6):
        x = WIDTH * tick / panel.minutes
        parts.append(f'<path d="M{x:g} {HEIGHT}v4" stroke="#333333"/>')
        parts.append(f'<text x="{x:g}" y="{HEIGHT + 17}" text-anchor="middle">{tick}</text>')
    parts.append(f'<path d="M0 0V{HEIGHT}H{WIDTH}" fill="none" stroke="#333333"/>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT + 33}" text-anchor="middle">minutes</text>')
    return parts


def _curve(panel: Panel, rule: str, is_ours: bool, colour: str) -> str:
    path = [f"M0 {HEIGHT}"]
    runs = sorted(panel.found[rule])
    for number, minute in enumerate(runs, start=1):
        if minute > panel.minutes:
            break
        path.append(f"H{WIDTH * minute / panel.minutes:.1f}V{HEIGHT * (1 - number / len(runs)):.1f}")
    return f'<path d="{"".join(path)}H{WIDTH}" fill="none" stroke="{colour}" stroke-width="{2.6 if is_ours else 1.4}"/>'


def _legend(rules: Sequence[str]) -> list[str]:
    parts = []
    for number, rule in enumerate(rules):
        x, y = LEFT + 470 * (number % 2), TOP + HEIGHT + 56 + 18 * (number // 2)
        width = 2.6 if number == len(rules) - 1 else 1.4
        parts.append(f'<path d="M{x} {y - 4}h22" stroke="{COLOURS[number]}" stroke-width="{width}"/>')
        parts.append(f'<text x="{x + 28}" y="{y}">{rule.replace("*", "")}</text>')
    return parts
