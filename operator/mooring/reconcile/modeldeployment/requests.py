"""What people ask for once, by annotations that name what they act on: a stale one does nothing.

`mooring.dev/promote: VERSION/STEP`, `abort: VERSION`, `retry: VERSION/<any new word>`, `rollback: VERSION`. A value
acts once: what was acted on is kept in status until the annotation says something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mooring.api.rolloutstatus import Handled

Verb = Literal["promote", "abort", "retry", "rollback"]
VERBS: tuple[Verb, ...] = ("promote", "abort", "retry", "rollback")
_LIMIT = 256


@dataclass(frozen=True)
class Asked:
    """One thing that is asked for and was not acted on yet."""

    value: str
    version: str
    rest: str
    """What follows the version: a step, or any word."""


def annotation(verb: Verb) -> str:
    """Return the annotation's name."""
    return f"mooring.dev/{verb}"


def still_handled(annotations: Mapping[str, str], before: Handled | None) -> Handled:
    """Return what was acted on and is still said; what is said no more may be said again."""
    old = before or Handled()
    kept = {verb: value for verb in VERBS if (value := getattr(old, verb)) == annotations.get(annotation(verb))}
    return Handled(**kept, drift=old.drift)


def asked(annotations: Mapping[str, str], handled: Handled, verb: Verb) -> Asked | None:
    """Return what an annotation asks for, or None where it was acted on or cannot be meant."""
    value = annotations.get(annotation(verb), "")
    if not value or len(value) > _LIMIT or value == getattr(handled, verb):
        return None
    version, _, rest = value.partition("/")
    return Asked(value, version, rest)


def done(handled: Handled, verb: Verb, value: str) -> Handled:
    """Return the memory with one more request acted on."""
    return handled.model_copy(update={verb: value})
