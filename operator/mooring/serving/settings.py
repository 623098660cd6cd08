"""What the pod's environment says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from mooring.api.wire import (
    ADMIN_PORT,
    GRPC_PORT_VARIABLE,
    KEYS_VARIABLE,
    SERVE_ORDER_VARIABLE,
    SERVING_PORT,
    TERMINATION_PATH_VARIABLE,
    ServeOrder,
)
from mooring.serving.errors import CannotServe

DRAIN_VARIABLE = "MOORING_DRAIN_SECONDS"
LOAD_VARIABLE = "MOORING_LOAD_SECONDS"
PORT_VARIABLE = "MOORING_PORT"
ADMIN_PORT_VARIABLE = "MOORING_ADMIN_PORT"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the process runs. Ports of 0 are chosen by the system, and logged."""

    order: ServeOrder
    host: str = "0.0.0.0"  # noqa: S104 (a pod serves its network)
    port: int = SERVING_PORT
    admin_port: int = ADMIN_PORT
    drain_seconds: float = 20.0
    """Between SIGTERM and the end: as long as it may take until nobody sends requests here any more."""
    load_seconds: float = 20.0
    """How long a store that cannot be reached is tried before the pod ends, says so, and is started again."""
    grpc_port: int | None = None
    """None: no gRPC, and none of its memory."""
    keys_file: Path | None = None
    """Where the keys lie that callers must show; None: predictions are for everyone who reaches the port."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Return the settings; raises CannotServe (InvalidOrder) where one is missing or wrong."""
        return cls(
            order=_order(environment.get(SERVE_ORDER_VARIABLE, "")),
            port=int(_number(environment, PORT_VARIABLE, cls.port, 65535)),
            admin_port=int(_number(environment, ADMIN_PORT_VARIABLE, cls.admin_port, 65535)),
            drain_seconds=_number(environment, DRAIN_VARIABLE, cls.drain_seconds, 3600),
            load_seconds=_number(environment, LOAD_VARIABLE, cls.load_seconds, 3600),
            grpc_port=int(_number(environment, GRPC_PORT_VARIABLE, 0, 65535))
            if environment.get(GRPC_PORT_VARIABLE)
            else None,
            keys_file=Path(environment[KEYS_VARIABLE]) if environment.get(KEYS_VARIABLE) else None,
        )


@dataclass(frozen=True)
class LastWords:
    """The file from which Kubernetes reads why a container ended."""

    path: Path = field(default=Path("/dev/termination-log"))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> LastWords:
        """Return where the environment says it is."""
        return cls(Path(environment.get(TERMINATION_PATH_VARIABLE) or cls.path))

    def write(self, text: str, limit: int = 1024) -> None:
        """Leave a sentence, as far as there is anywhere to leave it."""
        try:
            self.path.write_text(text if len(text) <= limit else text[: limit - 1] + "…", encoding="utf-8")
        except OSError:
            return  # outside of a pod there is nobody to read it; the log has it too


def _order(text: str) -> ServeOrder:
    if not text:
        raise CannotServe("InvalidOrder", f"{SERVE_ORDER_VARIABLE} is not set: it says which version to serve")
    try:
        return ServeOrder.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        message = f"{SERVE_ORDER_VARIABLE} cannot be read: {where}: {first['msg']}"
        raise CannotServe("InvalidOrder", message) from None


def _number(environment: Mapping[str, str], name: str, default: float, highest: float) -> float:
    text = environment.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= highest:
        raise CannotServe("InvalidOrder", f"{name} is {text!r}; expected a number from 0 to {highest:g}")
    return value
