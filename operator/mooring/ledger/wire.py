r"""The ledger's wire format, version 1 (docs/ledger.md): sealed once, sent as often as it is asked for.

    document  "mooring-ledger/1\n", u32 length of the header, the header as JSON, frames to the end
    frame     u32 length, u32 CRC-32 of the payload, payload
    payload   zlib of: u64 seq, u64 start, u64 end, u8 roles, u32 joins,
              for each role: u8 its index, u8 width (1, 2, 4 or 8), as many unsigned integers as the layout has cells,
              for each join: u32 version, u8 role, u32 day, u32 stratum, u32 outcome, u64 count
All integers are little-endian. What is not exactly that is refused with ValueError, whoever sent it.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from mooring.ledger.interval import Cells, Interval, Join, Reading, Stream
from mooring.ledger.layout import ROLES, Layout

MAGIC = b"mooring-ledger/1\n"
MEDIA_TYPE = "application/x-mooring-ledger"
MAX_DOCUMENT_BYTES = 64 << 20
MAX_INTERVALS = 4096
"""In one document."""
MAX_JOINS = 4096
"""Different ones in one interval: with it an interval is bounded by its layout."""
_TYPES = {1: "B", 2: "H", 4: "I", 8: "q"}
_Place = tuple[int, int]
"""Where the counts of a role begin in an interval, and how many bytes each of them has."""
_U32 = struct.Struct("<I")
_FRAME = struct.Struct("<II")
_HEAD = struct.Struct("<QQQBI")
_ROLE = struct.Struct("<BB")
_JOIN = struct.Struct("<IBIIIQ")


def encode_interval(interval: Interval) -> bytes:
    """Return an interval's frame."""
    parts = [_HEAD.pack(interval.seq, interval.start, interval.end, len(interval.roles), len(interval.joins))]
    for role, counts in interval.roles.items():
        width = _width(max(counts, default=0))
        parts += [_ROLE.pack(ROLES.index(role), width), _little(array(_TYPES[width], counts)).tobytes()]
    parts += [_JOIN.pack(*join, count) for join, count in interval.joins.items()]
    payload = zlib.compress(b"".join(parts), 1)
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def encode(
    stream: Stream, layout: Layout, frames: Iterable[bytes], *, oldest: int, upcoming: int, final: bool
) -> bytes:
    """Return the document with these frames; `upcoming` is the number of the interval that is being counted."""
    header = {
        "model": stream.model,
        "version": stream.version,
        "pod": stream.pod,
        "incarnation": stream.incarnation,
        "layout": layout.to_json(),
        "oldest": oldest,
        "next": upcoming,
        "final": final,
    }
    text = json.dumps(header).encode()
    return b"".join((MAGIC, _U32.pack(len(text)), text, *frames))


def decode(document: bytes) -> Reading:
    """Return what a document says; raises ValueError with the reason for anything that is not one."""
    if not document.startswith(MAGIC):
        raise ValueError("no ledger of version 1")
    if len(document) > MAX_DOCUMENT_BYTES:
        raise ValueError(f"a ledger of {len(document)} bytes is more than {MAX_DOCUMENT_BYTES}")
    try:
        header, at = _header(document)
        layout = Layout.from_json(header.get("layout"))
        intervals = tuple(_interval(payload, layout.size) for payload in _payloads(document, at))
    except (struct.error, zlib.error, RecursionError) as error:
        raise ValueError(f"a damaged ledger: {error}") from error
    if any(later.seq <= earlier.seq for earlier, later in pairwise(intervals)):
        raise ValueError("a ledger's intervals are out of order")
    return Reading(
        stream=Stream(*(_text(header, key) for key in ("model", "version", "pod", "incarnation"))),
        layout=layout.to_json(),
        oldest=_number(header, "oldest"),
        next=_number(header, "next"),
        final=header.get("final") is True,
        intervals=intervals,
    )


def _header(document: bytes) -> tuple[Mapping[str, object], int]:
    start = len(MAGIC) + _U32.size
    (size,) = _U32.unpack_from(document, len(MAGIC))
    if start + size > len(document):
        raise ValueError("a ledger's header is cut off")
    header = json.loads(document[start : start + size])
    if not isinstance(header, dict):
        raise ValueError("a ledger's header is an object")
    return header, start + size


def _payloads(document: bytes, at: int) -> Iterator[bytes]:
    found = 0
    while at < len(document):
        size, checksum = _FRAME.unpack_from(document, at)
        at += _FRAME.size
        payload = document[at : at + size]
        at += size
        if len(payload) < size or zlib.crc32(payload) != checksum:
            raise ValueError("a ledger's interval is cut off or damaged")
        found += 1
        if found > MAX_INTERVALS:
            raise ValueError(f"a ledger of more than {MAX_INTERVALS} intervals")
        yield payload


def _interval(payload: bytes, size: int) -> Interval:
    raw = _inflated(payload, _HEAD.size + len(ROLES) * (_ROLE.size + 8 * size) + MAX_JOINS * _JOIN.size)
    seq, start, end, roles, joins = _HEAD.unpack_from(raw, 0)
    at = _HEAD.size
    places: dict[str, _Place] = {}
    for _ in range(roles):
        index, width = _ROLE.unpack_from(raw, at)
        if index >= len(ROLES) or width not in _TYPES or ROLES[index] in places:
            raise ValueError("a ledger's interval has a role that there is not")
        at += _ROLE.size
        if len(raw) < at + width * size:
            raise ValueError("a ledger's interval is cut off")
        places[ROLES[index]] = (at, width)
        at += width * size
    if len(raw) != at + joins * _JOIN.size:
        raise ValueError("a ledger's interval has another length than it says")
    found = {Join(*row[:5]): row[5] for row in _JOIN.iter_unpack(raw[at:])}
    if len(found) != joins or any(join.role >= len(ROLES) for join in found) or seq < 1:
        raise ValueError("a ledger's interval counts something twice")
    counts = _Roles(payload, size, places)
    if any(width == 8 and min(counts[role], default=0) < 0 for role, (_, width) in places.items()):
        raise ValueError("a ledger's interval has a negative count")
    return Interval(seq, start, end, counts, found)


class _Roles(Mapping[str, Cells]):
    """The counts of an interval, unpacked when somebody reads them.

    Two hours of a pod are 1440 intervals: all of them unpacked would be hundreds of megabytes where there are segments.
    """

    def __init__(self, payload: bytes, size: int, places: Mapping[str, _Place]) -> None:
        self._payload = payload
        self._size = size
        self._places = places

    def __getitem__(self, role: str) -> Cells:
        at, width = self._places[role]
        return _cells(zlib.decompress(self._payload)[at : at + width * self._size], width)

    def __contains__(self, role: object) -> bool:
        return role in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]  # like a dict's


def _inflated(payload: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj()
    raw = inflater.decompress(payload, limit)
    if not inflater.eof or inflater.unused_data:
        raise ValueError("a ledger's interval is larger than its layout")
    return raw


def _cells(raw: bytes, width: int) -> Cells:
    found = array(_TYPES[width])
    found.frombytes(raw)
    return array("q", _little(found))


def _width(greatest: int) -> int:
    return next(width for width, bits in ((1, 8), (2, 16), (4, 32), (8, 64)) if greatest < 1 << bits)


def _little(counts: array[int]) -> array[int]:
    if sys.byteorder == "big":
        counts.byteswap()
    return counts


def _text(header: Mapping[str, object], key: str) -> str:
    value = header.get(key)
    if not isinstance(value, str) or len(value) > 253:
        raise ValueError(f"a ledger's header has no {key}")
    return value


def _number(header: Mapping[str, object], key: str) -> int:
    value = header.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"a ledger's header has no {key}")
    return value
