"""Where a URI points, and the credentials that go with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast
from urllib.parse import unquote, urlsplit

from mooring.api.wire import CREDENTIAL_KEYS
from mooring.artifact.errors import StoreRefused

Scheme = Literal["s3", "gs", "az", "file"]


@dataclass(frozen=True)
class Location:
    """A place in a store: `key` is a folder's or a file's path inside the bucket, without slashes at its ends."""

    scheme: Scheme
    bucket: str
    key: str

    def __str__(self) -> str:
        return f"/{self.key}" if self.scheme == "file" else f"{self.scheme}://{self.bucket}/{self.key}".rstrip("/")


def parse_uri(uri: str) -> Location:
    """Return where `uri` points: s3://, gs://, az://, file:// or a path of this machine.

    Raises StoreRefused for anything else.
    """
    scheme, separator, _ = uri.partition("://")
    if not separator:
        return Location("file", "", str(Path(uri).absolute()).strip("/"))
    if scheme == "file":
        return Location("file", "", unquote(urlsplit(uri).path).strip("/"))
    if scheme not in ("s3", "gs", "az"):
        raise StoreRefused(f"{uri}: {scheme}:// is not supported; use s3://, gs:// or az://")
    bucket, _, key = uri.partition("://")[2].partition("/")
    return Location(cast(Scheme, scheme), bucket, "/".join(part for part in key.split("/") if part))


def credentials_from_env(prefix: str, env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the credentials in the variables named `prefix` + AWS_…, by their names without the prefix."""
    return {key: env[prefix + key] for key in CREDENTIAL_KEYS if env.get(prefix + key)}
