"""A TCP proxy between the operator and the API server that can be cut, as a network can."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import yaml


class Cable:
    """Listens on a local port and carries bytes; `cut` ends every connection and refuses new ones."""

    def __init__(self, kubeconfig: str, folder: Path) -> None:
        self._config = yaml.safe_load(Path(kubeconfig).read_text())
        self._cluster = self._config["clusters"][0]["cluster"]
        server = urlsplit(self._cluster["server"])
        self._target = (server.hostname, server.port or 443)
        self._folder = folder
        self._open: set[socket.socket] = set()
        self._whole = True
        self._lock = threading.Lock()

    def __enter__(self) -> Cable:
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        self._cluster["tls-server-name"] = self._target[0]
        self._cluster["server"] = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self.kubeconfig = str(self._folder / "kubeconfig")
        Path(self.kubeconfig).write_text(yaml.safe_dump(self._config))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cut()
        self._listener.close()

    def cut(self) -> None:
        with self._lock:
            self._whole = False
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._whole = True

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError):
            if not self._whole:
                return
            with socket.create_connection(self._target, timeout=5) as far:
                with self._lock:
                    self._open |= {near, far}
                try:
                    _shuttle(near, far)
                finally:
                    with self._lock:
                        self._open -= {near, far}


def _shuttle(near: socket.socket, far: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        while True:
            for ready, _ in selector.select():
                data = ready.fileobj.recv(65536)  # type: ignore[union-attr]  # a socket
                if not data:
                    return
                ready.data.sendall(data)
