"""Prediction ids: signed and self-describing, so that truth told days later to any pod needs no database.

    id = URL-safe Base64, without padding, of: head, one code a row, BLAKE2b-64 of both under the deployment's key
    head, little-endian: u8 key's id, u16 model, u16 outcomes, u32 version, u32 pod; u8 role, form and whether the rows
                         are captured, u32 minute, u32 counter, u16 rows
A code is the prediction's stratum, and the segments that its row lay in (`mooring.ledger.layout`): in 1, 2 or 4 bytes
(forms 0, 1, 2); of a regression in 1 byte or 2 (forms 3, 4) and a float32 of the prediction, and all of them after a
float32, the scale of the loss. One id holds the rows of one request, the first 1024 of them: 44 characters for one row,
then about 1.4 a row.
"""

from __future__ import annotations

import base64
import binascii
import math
import secrets
import struct
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain

from mooring.api.wire import ID_KEY_VARIABLE
from mooring.ledger.layout import ROLES

MAX_ROWS = 1024
_HEAD = struct.Struct("<BHHIIBIIH")
_MAKER = struct.Struct("<BHHII")
_REQUEST = struct.Struct("<BIIH")
_SIGNATURE = 8
_SCALE = struct.Struct("<f")
_REGRESSION = 3
_CODES = tuple(struct.Struct(f"<{one}") for one in ("B", "H", "I", "Bf", "Hf"))
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_UNNUMBERED = 1 << 31
_CAPTURED = 1 << 7


class NotOurs(ValueError):
    """An id that was not made here for this model; the message says why it is refused."""


@dataclass(frozen=True)
class Identity:
    """Whose predictions: what every id of a process has in common."""

    model: str
    version: str
    outcomes: str
    """The classes, or what else truths are compared with: versions that differ in it cannot score each other's ids."""

    @property
    def tags(self) -> tuple[int, int]:
        """Return 16 bits of each of model and outcomes."""
        return zlib.crc32(self.model.encode()) & 0xFFFF, zlib.crc32(self.outcomes.encode()) & 0xFFFF


@dataclass(frozen=True)
class Prediction:
    """What an id says of one row."""

    version: int
    role: int
    minute: int
    """Since 1970 UTC."""
    rows: int
    stratum: int
    """Its code, in the layout of its own version."""
    value: float
    """Of a regression, else NaN."""
    scale: float
    """Of a regression's loss, else NaN."""
    key: tuple[int, int]
    """The signature and the row: the same truth told again has the same."""
    captured: bool = False
    """Whether the rows are kept in a store, for their truths to be joined there."""


def form_of(codes: int, *, regression: bool) -> int:
    """Return the form of ids that hold one of so many codes a row."""
    if regression:
        return _REGRESSION if codes <= 1 << 8 else _REGRESSION + 1
    return 0 if codes <= 1 << 8 else 1 if codes <= 1 << 16 else 2


def version_number(model: str, version: str) -> int:
    """Return 3 for `income-v3`; of another name 31 bits of its hash, and the highest bit."""
    start, number = f"{model}-v", version.rpartition("-v")[2]
    if version == f"{start}{number}" and number.isascii() and number.isdigit() and int(number) < _UNNUMBERED:
        return int(number)
    return _UNNUMBERED | zlib.crc32(version.encode()) & (_UNNUMBERED - 1)


def key_from(environment: Mapping[str, str]) -> tuple[bytes, bool]:
    """Return the key, and whether it is given, or made up for this process; raises ValueError for a bad one."""
    text = environment.get(ID_KEY_VARIABLE)
    if not text:
        return secrets.token_bytes(32), False
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"{ID_KEY_VARIABLE} is no Base64: {error}") from None
    if not 16 <= len(key) <= 64:
        raise ValueError(f"{ID_KEY_VARIABLE} has {len(key)} bytes; expected 16 to 64")
    return key, True


@dataclass(frozen=True)
class Glance:
    """What an id says of its whole request to who has no key: good for sorting, and not to be trusted."""

    version: int
    minute: int
    rows: int
    captured: bool


def glance(text: str) -> Glance:
    """Return what an id says without asking whether it is genuine; raises NotOurs where it cannot be one."""
    _, _, _, version, _, kind, minute, _, rows = _HEAD.unpack_from(_bytes(text))
    return Glance(version, minute, rows, bool(kind & _CAPTURED))


class Ids:
    """Makes and reads the ids of one model under one key."""

    def __init__(self, key: bytes, identity: Identity, now: Callable[[], float] = time.time) -> None:
        self._keyed = blake2b(key=key, digest_size=_SIGNATURE, person=b"mooring-id/1")
        self._key_id = blake2b(key, digest_size=1, person=b"mooring-key").digest()[0]
        self._tags = identity.tags
        self._identity = identity
        number = version_number(identity.model, identity.version)
        self._maker = _MAKER.pack(self._key_id, *self._tags, number, secrets.randbits(32))
        self._counter = 0
        self._now = now

    def of_classes(self, role: int, codes: Sequence[int], form: int = 0, *, captured: bool = False) -> str:
        """Return the id of a request's rows by their codes; `form` is 0, 1 or 2 for codes below 2^8, 2^16, 2^32."""
        if len(codes) > MAX_ROWS:
            codes = codes[:MAX_ROWS]
        if form == 0:
            packed = bytes(codes)
        elif len(codes) == 1:
            packed = _CODES[form].pack(codes[0])
        else:
            packed = struct.pack(f"<{len(codes)}{'BHI'[form]}", *codes)
        return self._signed(role | form << 4 | (_CAPTURED if captured else 0), len(codes), packed)

    def of_values(
        self,
        role: int,
        codes: Sequence[int],
        values: Sequence[float],
        scale: float,
        form: int = _REGRESSION,
        *,
        captured: bool = False,
    ) -> str:
        """Return the id of a regression's rows; `scale` is what the loss is measured in, and `form` is `form_of`'s."""
        pairs = chain.from_iterable(zip(codes[:MAX_ROWS], map(_narrow, values[:MAX_ROWS]), strict=True))
        rows = min(len(codes), MAX_ROWS)
        packed = struct.pack("<f" + ("Bf" if form == _REGRESSION else "Hf") * rows, _narrow(scale), *pairs)
        return self._signed(role | form << 4 | (_CAPTURED if captured else 0), rows, packed)

    def _signed(self, kind: int, rows: int, codes: bytes) -> str:
        self._counter = (self._counter + 1) & 0xFFFFFFFF
        raw = self._maker + _REQUEST.pack(kind, int(self._now() / 60), self._counter, rows) + codes
        signature = self._keyed.copy()
        signature.update(raw)
        text = binascii.b2a_base64(raw + signature.digest(), newline=False)
        return text.translate(_URL_SAFE, b"=").decode()

    def read(self, text: str, row: int) -> Prediction:
        """Return what an id says of a row; raises NotOurs."""
        raw = _bytes(text)
        key_id, model, outcomes, version, _, kind, minute, _, rows = _HEAD.unpack_from(raw)
        self._check(raw, key_id, (model, outcomes))
        if not 0 <= row < rows:
            raise NotOurs(f"row {row} is not among the {rows} of this prediction")
        role, form = kind & 0xF, (kind & ~_CAPTURED) >> 4
        if role >= len(ROLES) or form >= len(_CODES):
            raise NotOurs("the id is of a later version of Mooring")
        scale, at = math.nan, _HEAD.size
        if form >= _REGRESSION:
            (scale,) = _SCALE.unpack_from(raw, at)
            at += _SCALE.size
        code = _CODES[form].unpack_from(raw, at + row * _CODES[form].size)
        value = code[1] if form >= _REGRESSION else math.nan
        key = (int.from_bytes(raw[-_SIGNATURE:], "little"), row)
        return Prediction(version, role, minute, rows, code[0], value, scale, key, bool(kind & _CAPTURED))

    def _check(self, raw: bytes, key_id: int, tags: tuple[int, int]) -> None:
        signature = self._keyed.copy()
        signature.update(raw[:-_SIGNATURE])
        genuine = secrets.compare_digest(signature.digest(), raw[-_SIGNATURE:])
        if not genuine and key_id != self._key_id:
            raise NotOurs("the id was signed with another key: by another deployment, or before the key was changed")
        if tags[0] != self._tags[0]:
            raise NotOurs(f"the id is of another model than {self._identity.model}")
        if not genuine:
            raise NotOurs("the id's signature does not fit: it was changed on the way, or made up")
        if tags[1] != self._tags[1]:
            raise NotOurs("the id is of a version with other classes: tell its truth to a pod of that version")


def _bytes(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotOurs("the id is not one of ours: it has characters that are never in one, or is cut off") from None
    if len(raw) <= _HEAD.size + _SIGNATURE:
        raise NotOurs("the id is not one of ours: it is too short")
    return raw


def _narrow(value: float) -> float:
    return max(-3.4e38, min(3.4e38, value))
