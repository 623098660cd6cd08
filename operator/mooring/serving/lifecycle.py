"""The process from start to end: probes first, then the model, then predictions, then the drain."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mooring.serving.admin import admin_listener
from mooring.serving.drain import Patience, drain
from mooring.serving.fetch import fetch_patiently
from mooring.serving.keys import Keys
from mooring.serving.log import event
from mooring.serving.settings import Settings
from mooring.serving.state import State

if TYPE_CHECKING:
    from mooring.serving.grpc.server import GrpcServer
    from mooring.serving.load import Loaded

KILLED = 128 + signal.SIGTERM


async def serve(settings: Settings) -> None:
    """Serve the ordered version until SIGTERM, then drain; raises CannotServe if it cannot be loaded."""
    started = time.monotonic()
    state = State()
    keys = Keys(settings.keys_file, settings.order.server.keys_secret_name) if settings.keys_file else None
    told_to_end = _on_termination()
    admin = admin_listener(state)
    admin_port = await admin.start(settings.host, settings.admin_port)
    event("loading", model=settings.order.model, version=settings.order.version, admin_port=admin_port)
    loaded = await _either(_in_thread(settings), told_to_end)
    if loaded is None:
        event("told to end while loading")
        return
    port, grpc = await _open(settings, state, loaded, keys)
    seconds = round(time.monotonic() - started, 3)
    ports = {"port": port, "admin_port": admin_port, "grpc_port": grpc and grpc.port}
    event("ready", **ports, seconds=seconds, cost=repr(loaded.cost))
    await told_to_end.wait()
    await _drain(settings, state, grpc)


async def _open(settings: Settings, state: State, loaded: Loaded, keys: Keys | None) -> tuple[int, GrpcServer | None]:
    from mooring.serving.app import build

    state.app = build(settings.order, loaded, lambda: state.ready, keys)
    grpc = await _open_grpc(settings, state, loaded)
    port = await state.app.listener.start(settings.host, settings.port)
    state.app.journal.start()
    gc.collect()
    gc.freeze()  # the model and its libraries never become garbage: no collection needs to look at them again
    state.phase = "Serving"
    return port, grpc


async def _open_grpc(settings: Settings, state: State, loaded: Loaded) -> GrpcServer | None:
    if settings.grpc_port is None:
        return None
    # Not before: who wants no gRPC shall not pay for its libraries.
    from mooring.serving.grpc.server import GrpcServer, Service

    assert state.app is not None  # noqa: S101 (it is open)
    app = state.app
    service = Service(settings.order, loaded.manifest, app.endpoint, lambda: state.ready, app.journal.recorder.refused)
    server = GrpcServer(service, settings.order.server.max_body_bytes, settings.drain_seconds / 2)
    await server.start(settings.host, settings.grpc_port)
    return server


async def _drain(settings: Settings, state: State, grpc: GrpcServer | None) -> None:
    assert state.app is not None  # noqa: S101 (it serves)
    listener = state.app.listener
    patience = Patience(settings.drain_seconds, quiet=min(5.0, settings.drain_seconds))
    state.phase = "Draining"
    event("draining", seconds=settings.drain_seconds, connections=len(listener.connections))
    await asyncio.gather(drain(listener, patience), *([grpc.drain(patience)] if grpc else []))
    await state.app.journal.finish()
    event("drained", connections=len(listener.connections), calls=grpc.calls.open if grpc else 0)


def _on_termination() -> asyncio.Event:
    """Return an event that the first SIGTERM or SIGINT sets; the second ends the process."""
    told = asyncio.Event()

    def hear() -> None:
        if told.is_set():
            event("told to end twice")
            os._exit(KILLED)
        told.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, hear)
    return told


def _in_thread(settings: Settings) -> asyncio.Future[Loaded]:
    """Return the future of the loaded model; its thread is a daemon, so that a hanging store does not delay the end."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Loaded] = loop.create_future()

    def run() -> None:
        try:
            loaded = _load(settings)
        except BaseException as error:
            loop.call_soon_threadsafe(_settle, future, None, error)
        else:
            loop.call_soon_threadsafe(_settle, future, loaded, None)

    threading.Thread(target=run, name="load", daemon=True).start()
    return future


def _load(settings: Settings) -> Loaded:
    with tempfile.TemporaryDirectory(prefix="mooring-") as scratch:
        folder = Path(scratch)
        fetch_patiently(settings.order, folder, settings.load_seconds)
        # Not before: what a model needs takes its time to import, and what cannot be fetched should be known at once.
        from mooring.serving.load import load_ordered

        return load_ordered(settings.order, folder)


def _settle(future: asyncio.Future[Loaded], loaded: Loaded | None, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if loaded is None:
        future.set_exception(error or RuntimeError("nothing was loaded"))
    else:
        future.set_result(loaded)


async def _either(future: asyncio.Future[Loaded], told_to_end: asyncio.Event) -> Loaded | None:
    end = asyncio.ensure_future(told_to_end.wait())
    await asyncio.wait((future, end), return_when=asyncio.FIRST_COMPLETED)
    end.cancel()
    if future.done():
        return future.result()
    future.cancel()
    return None
