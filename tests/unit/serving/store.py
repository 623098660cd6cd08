"""A folder served as an S3 bucket: the requests that a download and an upload make."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

LISTED = "<Contents><Key>{key}</Key><Size>{size}</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"


class _Handler(http.server.BaseHTTPRequestHandler):
    root: Path

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        bucket, _, key = parts.path.lstrip("/").partition("/")
        if key:
            file = self.root / key
            self._answer(200 if file.is_file() else 404, file.read_bytes() if file.is_file() else b"")
            return
        prefix = parse_qs(parts.query).get("prefix", [""])[0]
        files = [file for file in sorted(self.root.rglob("*")) if file.is_file()]
        keys = [(str(file.relative_to(self.root)), file.stat().st_size) for file in files]
        found = "".join(
            LISTED.format(key=key, size=size)
            for key, size in keys
            if key.startswith(prefix.rstrip("/") + "/" * bool(prefix))
        )
        self._answer(200, f"<ListBucketResult><Name>{bucket}</Name>{found}</ListBucketResult>".encode())

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        file = self.root / urlsplit(self.path).path.lstrip("/").partition("/")[2]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.rfile.read(int(self.headers["content-length"])))
        self._answer(200, b"")

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Length", str(len(content))),
            ("ETag", '"0"'),
            ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def bucket(root: Path, port: int = 0) -> Iterator[str]:
    """Serve `root` as every bucket of a store, and yield the store's address."""
    handler = type("Handler", (_Handler,), {"root": root})
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
