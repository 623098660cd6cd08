"""What answers: Mooring's own server, or a container of the user's.

One of two may be written. A default of the schema inside either would be filled in by the API server, stay when the
user turns to the other one, and make two of it; so the defaults here are applied by plans.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from mooring.api.base import Model, ObjectName, hint, map_list, rules
from mooring.api.pods import Variable


def _planned(more: JsonDict | None = None) -> Callable[[JsonDict], None]:
    """Return the schema extra that keeps a default out of the schema, and adds `more`."""

    def change(schema: JsonDict) -> None:
        schema.pop("default", None)
        schema.update(more or {})

    return change


class BuiltinServer(Model):
    """Mooring's own server."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "!has(self.grpcPort) || (self.grpcPort != 8080 && self.grpcPort != 8081)",
                "grpcPort cannot be 8080 or 8081, where HTTP and the probes are: write 9000, for example",
            ),
        )
    )

    max_batch_rows: Annotated[int, Field(ge=1, le=1000000, json_schema_extra=_planned())] = 1024
    """Rows in one request; more is answered 413. Absent: 1024."""
    max_body_bytes: Annotated[int, Field(ge=1024, le=268435456, json_schema_extra=_planned())] = 1048576
    """Bytes in one request; more is answered 413. Absent: 1048576."""
    trust: Annotated[list[Literal["Joblib"]], Field(max_length=1)] = Field(default_factory=list)
    """Joblib: load the pickles in models of format MLflow. They run whatever code they hold: trust who made them."""
    keys_secret_name: ObjectName | None = None
    """A Secret of this namespace whose entry `keys` holds one key a line. Predictions and feedback then want
    `Authorization: Bearer KEY`. A changed Secret counts without a restart."""
    grpc_port: Annotated[int, Field(ge=1024, le=65535)] | None = None
    """The port of the Service (and of the pods) that answers gRPC. Absent: no gRPC."""


Word = Annotated[str, Field(min_length=1, max_length=4096)]
Words = Annotated[list[Word], Field(max_length=64)]


class ContainerServer(Model):
    """A server of your own: any image that answers HTTP. It finds the version's verified files in /mnt/models."""

    image: Annotated[
        str,
        Field(
            pattern=r"^[^\s]+$",
            max_length=512,
            json_schema_extra=hint("write an image without blanks, best with its digest: NAME@sha256:…"),
        ),
    ]
    """Runs as user 65532 on a read-only root with a writable /tmp."""
    command: Words = Field(default_factory=list)
    """Absent: the image's own entry point."""
    args: Words = Field(default_factory=list)
    """Absent: the image's own."""
    port: Annotated[int, Field(ge=1024, le=65535, json_schema_extra=_planned())] = 8080
    """Where it answers HTTP. Absent: 8080. It is in $MOORING_PORT too."""
    ready_path: Annotated[
        str,
        Field(
            pattern=r"^/[^\s#]*$",
            max_length=256,
            json_schema_extra=_planned(hint("write a path that begins with /, for example /ping")),
        ),
    ] = "/v2/health/ready"
    """Answers 200 to GET when predictions are answered. Absent: /v2/health/ready."""
    env: Annotated[list[Variable], Field(max_length=64, json_schema_extra=map_list("name"))] = Field(
        default_factory=list
    )
    """Beside MOORING_MODEL_DIR (/mnt/models), MOORING_MODEL_NAME, MOORING_MODEL_VERSION and MOORING_PORT."""


class Server(Model):
    """What answers."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            ("!has(self.builtin) || !has(self.container)", "write one of builtin and container, and remove the other"),
        )
    )

    builtin: BuiltinServer | None = None
    """Mooring's own server; it is what answers where nothing is written."""
    container: ContainerServer | None = None
    """A server of your own."""
