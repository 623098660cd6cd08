"""What every resource shares: the base model, bounded types, conditions, references."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict

GROUP = "mooring.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

NAME_PATTERN = r"^[a-z]([-a-z0-9]{0,40}[a-z0-9])?$"
NAME_HINT = (
    "use at most 42 lowercase letters, digits and '-', starting with a letter and not ending with '-', "
    "for example income-2 (everything made for it is named after it)"
)
HINT = "x-mooring-hint"


class Model(BaseModel):
    """Base of everything in a resource: camelCase outside, frozen, tolerant of fields of a newer Mooring."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    def to_json(self) -> dict[str, object]:
        """Return the object as Kubernetes wants it: camelCase, unset and null fields left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def rules(*pairs: tuple[str, str]) -> JsonDict:
    """Return the schema extra that carries CEL rules, each a pair of (rule, message that says what to write)."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in pairs]}


def hint(message: str) -> JsonDict:
    """Return the schema extra that says what to write where a string does not match its pattern."""
    return {HINT: message}


def map_list(key: str) -> JsonDict:
    """Return the schema extra of a list merged by `key`; a list without it is atomic."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def _utc_seconds(value: datetime) -> datetime:
    return value.replace(microsecond=0)


Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=42, json_schema_extra=hint(NAME_HINT))]
"""A resource's name, short enough that everything named after it fits Kubernetes' 63 characters."""

ObjectName = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        min_length=1,
        max_length=253,
        json_schema_extra=hint("write the name of an object of this namespace: lowercase letters, digits, '-' and '.'"),
    ),
]
"""The name of an object of the same namespace that somebody else made."""

Column = Annotated[str, Field(min_length=1, max_length=128)]
"""The name of a column of the data."""

Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A whole number that readers of JSON in every language keep exactly."""

Decimal = Annotated[
    str,
    Field(
        pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$",
        max_length=20,
        json_schema_extra=hint('write a decimal number as a string, for example "0.80"'),
    ),
]
"""A number as a string, because JSON turns 1.0 into 1 and Kubernetes keeps no floats."""

Digest = Annotated[
    str,
    Field(
        pattern=r"^sha256:[0-9a-f]{64}$",
        max_length=71,
        json_schema_extra=hint("write a digest as sha256: and 64 hexadecimal digits"),
    ),
]

Uri = Annotated[
    str,
    Field(
        pattern=r"^(s3|gs|az)://[^/?#]+(/[^?#]*)?$",
        min_length=6,
        max_length=1024,
        json_schema_extra=hint("write s3://BUCKET/PATH, gs://BUCKET/PATH or az://CONTAINER/PATH, without ? and #"),
    ),
]
"""A folder or file in an object store."""

Quantity = Annotated[
    str,
    Field(
        pattern=r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$",
        max_length=20,
        json_schema_extra={
            "x-kubernetes-int-or-string": True,
            **hint('write a quantity, for example "500m" or 2 for cpu, 512Mi or 2Gi for memory'),
        },
    ),
    BeforeValidator(lambda value: str(value) if isinstance(value, int) else value),
]
"""An amount of cpu or memory as Kubernetes writes it."""

Timestamp = Annotated[datetime, AfterValidator(_utc_seconds)]

Message = Annotated[str, Field(max_length=1024)]
"""A sentence that a person can act on."""

Reason = Annotated[str, Field(pattern=r"^[A-Za-z]([A-Za-z0-9]*)?$", max_length=64)]


class Amounts(Model):
    """Amounts of compute."""

    cpu: Quantity | None = None
    """Cores: 2, "500m"."""
    memory: Quantity | None = None
    """Bytes: 512Mi, 2Gi."""


class Resources(Model):
    """What a pod asks for and where it is cut off."""

    requests: Amounts | None = None
    """What the scheduler sets aside."""
    limits: Amounts | None = None
    """More than this of cpu is throttled, of memory is killed (OutOfMemory)."""


class Condition(Model):
    """One observed aspect of a resource, by Kubernetes' conventions."""

    type: Annotated[str, Field(min_length=1, max_length=64)]
    """The aspect."""
    status: Literal["True", "False", "Unknown"]
    """Unknown where nothing is known of it yet."""
    observed_generation: Count | None = None
    """The generation of the spec that it speaks of."""
    last_transition_time: Timestamp
    """When `status` last changed."""
    reason: Reason
    """The state in a word, for programs."""
    message: Message
    """The state in a sentence that says what to do."""


Conditions = Annotated[list[Condition], Field(max_length=16, json_schema_extra=map_list("type"))]


class Status(Model):
    """What every status begins with."""

    observed_generation: Count | None = None
    """The generation of the spec that this status speaks of."""
    conditions: Conditions = Field(default_factory=list)
    """Ready, Reconciling, Stalled and those of the kind."""


class ObjectMeta(BaseModel):
    """The part of Kubernetes' metadata that plans read."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    name: str
    namespace: str = "default"
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
