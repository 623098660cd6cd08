"""How long files and functions are, by the measures of the project's style: median, p90 and the longest."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spread:
    """How many lines things have."""

    count: int
    lines: int
    median: int
    p90: int
    longest: int
    longest_name: str

    def row(self, what: str) -> str:
        """Return a row of a Markdown table."""
        spread = f"{self.median} / {self.p90} / {self.longest}"
        return (
            f"| {what}: median / p90 / longest | {spread} lines ({self.count} of them, longest {self.longest_name}) |"
        )


def files(folder: Path) -> Spread:
    """Return how long the modules below a folder are."""
    return _spread([(len(_text(path).splitlines()), path.name) for path in _modules(folder)])


def functions(folder: Path) -> Spread:
    """Return how long the functions and methods below a folder are, from `def` to their last line."""
    found = []
    for path in _modules(folder):
        for node in ast.walk(ast.parse(_text(path))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append(((node.end_lineno or node.lineno) - node.lineno + 1, f"{path.name}:{node.name}"))
    return _spread(found)


def _modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if _text(path).strip())


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _spread(found: list[tuple[int, str]]) -> Spread:
    ordered = sorted(found)
    lengths = [length for length, _ in ordered]
    median, p90 = lengths[len(lengths) // 2], lengths[int(0.9 * (len(lengths) - 1))]
    return Spread(len(lengths), sum(lengths), median, p90, *ordered[-1])
