"""Object stores as Mooring needs them: list a folder, read a file, write a file, and say plainly why not.

obstore (Rust's object_store) does the work, and retries by itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, LocalStore, S3Store

from mooring.artifact.errors import StoreRefused
from mooring.artifact.explain import explain
from mooring.artifact.location import Location, parse_uri

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

PATIENCE_VARIABLE = "MOORING_STORE_PATIENCE_SECONDS"
"""How long a store that does not answer is asked again, for one request; 45 unless set."""

ObjectStore = S3Store | GCSStore | AzureStore | LocalStore


@dataclass(frozen=True)
class Entry:
    """A file of a listing: `path` relative to the folder that was listed, `key` from the top of the bucket."""

    path: str
    key: str
    size: int
    tag: str = field(default="", compare=False)
    """Changes with the content, where the store tells."""


class Store:
    """What lies below one URI. Not for several threads.

    Every method raises StoreRefused (a mistake that somebody must correct) or StoreUnavailable (later it may work).
    """

    def __init__(self, uri: str, credentials: Mapping[str, str]) -> None:
        self.location = parse_uri(uri)
        self._named_folder = uri.endswith("/")
        self._endpoint = credentials.get("AWS_ENDPOINT_URL", "")
        with self._explained():
            self._store = _connect(self.location, credentials)

    def files(self, *, limit: int) -> list[Entry]:
        """Return every file below the URI, sorted by path, or the one file that the URI names; or none.

        Raises StoreRefused where there are more than `limit`.
        """
        prefix = self.location.key
        entries: list[Entry] = []
        with self._explained():
            for batch in obstore.list(self._store, prefix or None, chunk_size=1000):
                found = ((meta["path"], meta["size"], meta["e_tag"] or "") for meta in batch)
                entries += [Entry(key[len(prefix) :].lstrip("/"), key, size, tag) for key, size, tag in found]
                if len(entries) > limit:
                    raise StoreRefused(f"{self.location} holds more than {limit} files; name a folder with fewer")
        return sorted(entries, key=lambda entry: entry.path) or self._named_file()

    def read(self, entry: Entry) -> memoryview:
        """Return a file's bytes."""
        with self._explained():
            return memoryview(obstore.get(self._store, entry.key).bytes())

    def chunks(self, entry: Entry) -> Iterator[memoryview]:
        """Yield a file's bytes piece by piece."""
        with self._explained():
            for chunk in obstore.get(self._store, entry.key).stream():
                yield memoryview(chunk)

    def write(self, path: str, source: Path | bytes) -> None:
        """Write a file, or these bytes as one, below the URI, replacing what is there."""
        with self._explained():
            obstore.put(self._store, f"{self.location.key}/{path}".lstrip("/"), source)

    def folders(self) -> list[str]:
        """Return the names of the folders that lie directly below the URI, sorted."""
        prefix = self.location.key
        with self._explained():
            found = obstore.list_with_delimiter(self._store, prefix or None)["common_prefixes"]
        return sorted(path.rstrip("/").rpartition("/")[2] for path in found)

    def delete(self, entry: Entry) -> None:
        """Delete a file."""
        with self._explained():
            obstore.delete(self._store, entry.key)

    def _named_file(self) -> list[Entry]:
        key = self.location.key
        if self._named_folder or not key:
            return []
        with self._explained():
            try:
                meta = obstore.head(self._store, key)
            except (FileNotFoundError, IsADirectoryError):
                return []
        return [Entry(key.rpartition("/")[2], key, meta["size"], meta["e_tag"] or "")]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            raise explain(error, self.location, urlsplit(self._endpoint).netloc) from None


def _connect(location: Location, credentials: Mapping[str, str]) -> ObjectStore:
    if location.scheme == "file":
        return LocalStore("/")
    options, retries = _client_options(), _retries()
    if location.scheme == "gs":
        return GCSStore(location.bucket, client_options=options, retry_config=retries)
    if location.scheme == "az":
        return AzureStore(container_name=location.bucket, client_options=options, retry_config=retries)
    return S3Store(
        location.bucket,
        config=_s3_config(credentials),
        client_options=options,
        retry_config=retries,
    )


def _s3_config(credentials: Mapping[str, str]) -> S3Config:
    region = credentials.get("AWS_REGION") or os.environ.get("AWS_REGION") or "us-east-1"
    config: S3Config = {"region": region, "virtual_hosted_style_request": False}
    if endpoint := credentials.get("AWS_ENDPOINT_URL"):
        config["endpoint"] = _checked_endpoint(endpoint)
    if key := credentials.get("AWS_ACCESS_KEY_ID"):
        config["access_key_id"] = key
    if secret := credentials.get("AWS_SECRET_ACCESS_KEY"):
        config["secret_access_key"] = secret
    if token := credentials.get("AWS_SESSION_TOKEN"):
        config["session_token"] = token
    return config


def _checked_endpoint(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or re.search(r"\s", endpoint):
        raise StoreRefused("AWS_ENDPOINT_URL is not an address; write http://HOST:PORT or https://HOST, without a user")
    return endpoint.rstrip("/")


def _patience() -> float:
    return float(os.environ.get(PATIENCE_VARIABLE, "45"))


def _client_options() -> ClientConfig:
    seconds = _patience()
    return {
        "allow_http": True,
        "connect_timeout": timedelta(seconds=min(5.0, seconds)),
        "read_timeout": timedelta(seconds=min(20.0, seconds)),
        "timeout": timedelta(hours=1),  # of a whole file; a stalled one is noticed by read_timeout
    }


def _retries() -> RetryConfig:
    seconds = _patience()
    return {
        "max_retries": 20,
        "retry_timeout": timedelta(seconds=seconds),
        "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=5), "base": 2},
    }
