"""What a user may say of the pods that are made for a resource: where they run, as whom, with which environment.

There is no pod template: what is not here cannot be asked for, and nothing here reaches the node.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from mooring.api.base import Model, ObjectName, hint, rules

LabelKey = Annotated[
    str,
    Field(
        pattern=r"^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        max_length=317,
        json_schema_extra=hint("write a key as Kubernetes does, for example disk or example.com/disk"),
    ),
]
LabelValue = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
        max_length=63,
        json_schema_extra=hint("write a value of at most 63 letters, digits, '-', '_' and '.'"),
    ),
]
TopologySpread = Literal["Zone", "Node"]


class Variable(Model):
    """A variable of a container's environment: with a value, or out of one key of a Secret."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "has(self.value) ? !has(self.secretName) && !has(self.key) : has(self.secretName) && has(self.key)",
                "write `value`, or `secretName` and `key`",
            ),
            (
                "!self.name.startsWith('MOORING_')",
                "variables that begin with MOORING_ are set for you: choose another name",
            ),
        )
    )

    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
            max_length=128,
            json_schema_extra=hint("write a name of letters, digits and '_', for example LOG_LEVEL"),
        ),
    ]
    """The variable."""
    value: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    """Its value; $(NAME) stands for a variable before it, or for one of those that are set for you."""
    secret_name: ObjectName | None = None
    """A Secret of this namespace that holds the value."""
    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]+$", max_length=253)] | None = None
    """The Secret's key."""


class PullSecret(Model):
    """A Secret that opens a registry."""

    name: ObjectName
    """The Secret, of this namespace."""


class NodeLabel(Model):
    """A label that a node must have."""

    key: LabelKey
    """The label's key."""
    value: LabelValue
    """The label's value."""


class Toleration(Model):
    """A taint of nodes that keeps these pods away no longer, as Kubernetes writes it."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("self.operator != 'Exists' || !has(self.value)", "with operator Exists there is no value: leave it out"),
            ("has(self.key) || self.operator == 'Exists'", "without a key, write operator: Exists (every taint)"),
            (
                "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
                "tolerationSeconds needs effect: NoExecute",
            ),
        )
    )

    key: LabelKey | None = None
    """The taint's key; absent, with operator Exists: every taint."""
    operator: Literal["Equal", "Exists"] = "Equal"
    """Equal compares the value; Exists takes any."""
    value: LabelValue | None = None
    """The taint's value."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """Absent: every effect."""
    toleration_seconds: Annotated[int, Field(ge=0, le=2147483647)] | None = None
    """How long a pod stays on a node that gets such a taint with NoExecute. Absent: for good."""
