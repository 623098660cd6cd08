"""One line per event: JSON for machines, text for a terminal."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from mooring.reconcile.plan import Key

Format = Literal["json", "text"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_QUIET = ("kopf", "kopf.objects", "aiohttp", "asyncio", "kubernetes")
"""Their progress is not news; what they warn of is."""


def setup(form: Format, level: str) -> None:
    """Send everything to stdout in one form."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("mooring").setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def fields(record: logging.LogRecord) -> dict[str, object]:
    """Return what a record says besides its message; a `key` becomes kind, namespace and name."""
    extra = {name: value for name, value in vars(record).items() if name not in _STANDARD and value is not None}
    key = extra.pop("key", None)
    if isinstance(key, Key):
        extra = {"kind": key.kind, "namespace": key.namespace, "name": key.name, **extra}
    return {name: value for name, value in extra.items() if not name.startswith(("k8s_", "settings", "color"))}


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """Time, level, message, and the rest as name=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        rest = "".join(f" {name}={value}" for name, value in fields(record).items())
        line = f"{at} {record.levelname.lower():7} {record.getMessage()}{rest}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line
