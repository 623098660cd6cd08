"""The one place where conditions are set, so that transition times and generations are right everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mooring.api.base import Condition, ObjectMeta, Status

Truth = Literal["True", "False", "Unknown"]
MESSAGE_LIMIT = 1024


@dataclass(frozen=True)
class Wanted:
    """What a condition should say now."""

    type: str
    status: Truth
    reason: str
    message: str


def set_conditions(
    before: Iterable[Condition], wanted: Iterable[Wanted], *, generation: int, now: datetime
) -> list[Condition]:
    """Return the conditions to write; a transition time moves only where the status changes."""
    old = {condition.type: condition for condition in before}
    return [_one(old.get(want.type), want, generation, now) for want in wanted]


def _one(old: Condition | None, want: Wanted, generation: int, now: datetime) -> Condition:
    since = old.last_transition_time if old is not None and old.status == want.status else now
    return Condition(
        type=want.type,
        status=want.status,
        observed_generation=generation,
        last_transition_time=since,
        reason=want.reason,
        message=shorten(want.message),
    )


def shorten(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """Return a message on one line that fits its field."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def summary(*, ready: tuple[Truth, str, str], busy: bool, stalled: bool) -> list[Wanted]:
    """Return Ready, Reconciling and Stalled as kstatus reads them, from one (status, reason, message) for Ready."""
    status, reason, message = ready
    calm = "nothing is under way"
    return [
        Wanted("Ready", status, reason, message),
        Wanted("Reconciling", "True" if busy else "False", reason, message if busy else calm),
        Wanted("Stalled", "True" if stalled else "False", reason, message if stalled else "nothing stands in the way"),
    ]


def name_conflict(kind: str, metadata: ObjectMeta, status: Status, taken: str, now: datetime) -> dict[str, object]:
    """Return a resource's status with the conditions that say that a stranger's object holds a name it needs."""
    message = f"{taken} exists and is not ours: delete or rename it, or rename this {kind}"
    told = summary(ready=("False", "NameConflict", message), busy=False, stalled=True)
    conditions = set_conditions(status.conditions, told, generation=metadata.generation, now=now)
    return status.model_copy(update={"conditions": conditions, "observed_generation": metadata.generation}).to_json()
