"""Bearer keys: whoever wants predictions must show one of a file's lines. Health and metadata stay open.

The file is a mounted Secret, one key a line; a change of it takes effect within a second, without a restart, so that a
key is replaced by adding the new one, moving the callers, and removing the old one.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from http import HTTPStatus
from pathlib import Path

from mooring.api.wire import KEYS_ENTRY
from mooring.serving.errors import CannotServe, Rejected
from mooring.serving.http import Handler, Request

LOOK_EVERY_SECONDS = 1.0
_SCHEME = b"bearer "


class Keys:
    """The keys of one file."""

    def __init__(self, file: Path, secret: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Read the file, made of `secret`; raises CannotServe (NoKeys) where it cannot be read or holds none."""
        self._file = file
        self._clock = clock
        self._look_at = clock() + LOOK_EVERY_SECONDS
        try:
            self._seen = _version(file)
            self._digests = _digests(file)
        except OSError as error:
            raise _no_keys(secret, f"the file of keys cannot be read: {error.strerror}") from None
        if not self._digests:
            raise _no_keys(secret, "the file of keys holds none: one a line is expected")

    def check(self, authorization: bytes) -> None:
        """Return if the header's value shows a key; raises Rejected (401)."""
        self._look()
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise _refused("this model wants a key: send the header Authorization: Bearer <key>", "")
        shown = _digest(authorization[len(_SCHEME) :].strip())
        # Digests are compared, and all of them: the time taken tells neither a key's length nor which one is near.
        if not sum([hmac.compare_digest(shown, digest) for digest in self._digests]):
            raise _refused("the key is not one of those that this model knows", ', error="invalid_token"')

    def _look(self) -> None:
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_EVERY_SECONDS
        with suppress(OSError):  # being replaced, or gone: those who have a key keep it
            version = _version(self._file)
            if version != self._seen:
                self._digests, self._seen = _digests(self._file), version


def guarded(handler: Handler, keys: Keys | None) -> Handler:
    """Return the handler for those who show a key; the handler itself where no keys are wanted."""
    if keys is None:
        return handler

    def check_first(request: Request) -> None:
        keys.check(request.authorization)
        handler(request)

    return check_first


def _version(file: Path) -> tuple[int, int, int]:
    found = file.stat()  # follows links: a Secret is replaced by pointing a link elsewhere
    return found.st_ino, found.st_mtime_ns, found.st_size


def _digests(file: Path) -> list[bytes]:
    return [_digest(line.strip()) for line in file.read_bytes().splitlines() if line.strip()]


def _digest(key: bytes) -> bytes:
    return blake2b(key, digest_size=32).digest()


def _no_keys(secret: str | None, why: str) -> CannotServe:
    if secret is None:
        return CannotServe("NoKeys", why)
    wanted = f"Secret {secret} with the entry `{KEYS_ENTRY}`, one key a line: create or correct it in this namespace"
    # It may be made after the deployment: pods are started again until it is there.
    return CannotServe("NoKeys", f"{why}. Predictions want keys out of {wanted}", retry=True)


def _refused(message: str, why: str) -> Rejected:
    return Rejected(HTTPStatus.UNAUTHORIZED, message, {"www-authenticate": f'Bearer realm="mooring"{why}'})
