"""How numbers are written in status and in sentences."""

from __future__ import annotations

_LARGE = 1e12


def factor(value: float) -> str:
    """Return evidence in two significant digits."""
    if value >= _LARGE:
        return ">1e12"
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def sign(value: float, alarm_at: float) -> str:
    """Return an inequality's right side."""
    return f"{'>=' if value >= alarm_at else '<'} {factor(alarm_at)}"


def share(value: float) -> str:
    """Return a share of 1, or a metric, in three significant digits."""
    return f"{value:.3g}"


def chance(value: float) -> str:
    """Return a p-value; what a float cannot say is as small as it can."""
    return f"{value:.1g}" if value > 0 else "<1e-300"


def span(seconds: float) -> str:
    """Return a length of time in its largest whole unit that is no lie: 90 s, 36 h, 3 days."""
    whole = round(seconds)
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if whole >= 2 * size:
            return f"{whole / size:.3g} {unit}"
    return f"{whole} s"
