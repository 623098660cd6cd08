"""The server: health, metadata and predictions of one model over HTTP."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .infer import infer
from .model import Broken, Model
from .refused import Refused

BODY_BYTES = 16 << 20
IDLE_SECONDS = 60


class Served:
    """A model under its name."""

    def __init__(self, model: Model, version: str) -> None:
        self.model = model
        self.name: str = model.manifest["model"]
        self.version = version
        number = version.rpartition("-v")[2]
        own = f"/v2/models/{self.name}"
        self.bases = {own, f"{own}/versions/{version}", f"{own}/versions/{number}"}

    def get(self, path: str) -> object:
        """Return what a path says; raises Refused (404)."""
        if path == "/v2":
            return {"name": "mooring-edge", "version": "1", "extensions": ["binary_tensor_data"]}
        if path in ("/v2/health/live", "/v2/health/ready"):
            return {"live": True, "ready": True}
        if path in self.bases:
            return self._metadata()
        if path.removesuffix("/ready") in self.bases:
            return {"name": self.name, "ready": True}
        raise Refused(f"there is nothing at {path!r:.80}; the model is at /v2/models/{self.name}", 404)

    def _metadata(self) -> dict[str, object]:
        manifest = self.model.manifest
        inputs = [
            {
                "name": feature["name"],
                "datatype": feature["datatype"],
                "shape": [-1],
                "parameters": {key: feature[key] for key in ("nullable", "categories") if feature.get(key) is not None},
            }
            for feature in self.model.features
        ]
        return {
            "name": self.name,
            "versions": [self.version],
            "platform": "mooring_edge",
            "inputs": inputs,
            "outputs": manifest["outputs"],
            "parameters": {"classes": manifest.get("classes")},
        }


def handler(served: Served) -> type[BaseHTTPRequestHandler]:
    """Return what answers requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "mooring-edge", ""
        wbufsize = -1  # head and body in one piece
        disable_nagle_algorithm = True
        timeout = IDLE_SECONDS

        def do_GET(self) -> None:
            try:
                self._answer(200, json.dumps(served.get(self._path())).encode())
            except Refused as problem:
                self._refuse(problem)

        def do_POST(self) -> None:
            try:
                body = self._body()
                if self._path().removesuffix("/infer") not in served.bases or not self._path().endswith("/infer"):
                    raise Refused(f"POST is answered at /v2/models/{served.name}/infer", 404)
                size = self.headers.get("Inference-Header-Content-Length")
                answer, json_size = infer(served.model, served.name, served.version, body, size)
                self._answer(200, answer, json_size)
            except Refused as problem:
                self._refuse(problem)

        def _path(self) -> str:
            return unquote(urlsplit(self.path).path).rstrip("/")

        def _body(self) -> bytes:
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or self.headers.get("Content-Encoding"):
                self.close_connection = True
                raise Refused("a body needs a Content-Length, and is sent uncompressed", 411)
            if int(length) > BODY_BYTES:
                self.close_connection = True
                raise Refused(f"the body has {length} bytes; at most {BODY_BYTES} are taken", 413)
            return self.rfile.read(int(length))

        def _refuse(self, problem: Refused) -> None:
            self._answer(problem.status, json.dumps({"error": str(problem)}).encode())

        def _answer(self, status: int, body: bytes, json_size: int | None = None) -> None:
            self.send_response(status)
            kind = "application/json" if json_size is None else "application/octet-stream"
            heads = {"Content-Type": kind, "Content-Length": len(body), "Mooring-Version": served.version}
            if json_size is not None:
                heads["Inference-Header-Content-Length"] = json_size
            for name, value in heads.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return  # a line for each request is no use to anybody here

    return Handler


def main(folder: Path, arguments: Sequence[str] | None = None) -> int:
    """Serve the folder's model until SIGTERM, and return the exit status."""
    about: dict[str, str] = json.loads((folder / "export.json").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(description=f"Answers predictions of {about['version']}.")
    parser.add_argument("--port", type=int, default=8080, help="default: %(default)s; 0 lets the system choose")
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s; 0.0.0.0 for all interfaces")
    given = parser.parse_args(arguments)
    try:
        served = Served(Model(folder / "model"), about["version"])
    except (Broken, OSError, ImportError, ValueError, KeyError) as error:
        print(f"cannot serve: {error}", file=sys.stderr)
        return 1
    with ThreadingHTTPServer((given.host, given.port), handler(served)) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        address = f"http://{given.host}:{server.server_address[1]}/v2/models/{served.name}"
        print(f"ready: {served.version} at {address}", flush=True)
        server.serve_forever()
    return 0
