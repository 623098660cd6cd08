r"""One digest for a set of files: of an artifact's folder, and of the data that a model was trained on.

The digest is SHA-256 over one line a file, `<sha256 of the content, hex> <size, decimal> <path>\n`, encoded as UTF-8
and sorted by the bytes of the path; written `sha256:<hex>`. Paths are relative and use `/`. A path with a control
character has no digest: a newline in it could make one file look like two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from mooring.artifact.manifest import FileEntry
from mooring.artifact.store import Entry


def files_digest(files: Iterable[FileEntry]) -> str:
    """Return `sha256:<hex>` of the files in whatever order they come.

    Raises ValueError for a path that occurs twice or holds a control character.
    """
    lines: dict[bytes, bytes] = {}
    for file in files:
        path = file.path.encode()
        if path in lines:
            raise ValueError(f"file {file.path!r} occurs twice")
        if any(byte < 0x20 or byte == 0x7F for byte in path):
            raise ValueError(f"file name {file.path!r} holds a control character; rename the file")
        lines[path] = f"{file.sha256} {file.size} ".encode() + path + b"\n"
    return "sha256:" + hashlib.sha256(b"".join(lines[path] for path in sorted(lines))).hexdigest()


def listing_digest(entries: Iterable[Entry]) -> str:
    """Return `sha256:<hex>` of what a store says of files: path, size and tag. It needs no reading.

    Another content has another one wherever the store gives tags; the same content written again may have, too.
    """
    lines = sorted(f"{entry.path}\0{entry.size}\0{entry.tag}\n" for entry in entries)
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()
