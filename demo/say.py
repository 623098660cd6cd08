"""What the person who follows sees: chapters, sentences with the seconds so far, commands and their output."""

from __future__ import annotations

import os
import shlex
import textwrap
import time
from collections.abc import Sequence

STARTED_VARIABLE = "MOORING_STARTED"
"""Seconds since 1970 at which `make` began, so that the times shown are those that a person waited."""

INDENT = " " * 10
WIDTH = 120

_started = float(os.environ.get(STARTED_VARIABLE) or time.time())


def elapsed() -> float:
    """Return the seconds since the beginning."""
    return time.time() - _started


def chapter(title: str) -> None:
    """Begin a chapter."""
    print(f"\n── {title} {'─' * max(3, WIDTH - 4 - len(title))}", flush=True)


def say(text: str) -> None:
    """Print a sentence, with the seconds so far before its first line."""
    lines = textwrap.wrap(text, WIDTH - len(INDENT)) or [""]
    print(f"{f'[{elapsed():6.1f}s]':<{len(INDENT)}}{lines[0]}", flush=True)
    for line in lines[1:]:
        print(INDENT + line, flush=True)


def command(words: Sequence[str] | str) -> None:
    """Print a command as a person would type it."""
    line = words if isinstance(words, str) else shlex.join(words)
    print(f"{INDENT}$ {line}", flush=True)


def output(text: str) -> None:
    """Print what a command said; lines too long to read are broken, not cut."""
    room = WIDTH - len(INDENT)
    for line in text.rstrip("\n").splitlines():
        whole = line.rstrip()
        for start in range(0, max(1, len(whole)), room):
            print(INDENT + whole[start : start + room], flush=True)
