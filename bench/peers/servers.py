"""How each server is started with a model, and how it is asked."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.peers.environments import Unavailable, python_of
from bench.peers.load import SERVER_CORE, tree
from bench.peers.models import NAME, PICKLE, Model
from mooring.artifact.folder import file_entry, stored

HERE = Path(__file__).parent
START_SECONDS = 120.0
V2 = f"/v2/models/{NAME}/infer"


@dataclass(frozen=True)
class Form:
    """One way to ask a server: what the table calls it, where, and with which of the models' bodies."""

    title: str
    path: str
    body: str


@dataclass(frozen=True)
class Started:
    """A command to run, and its environment beyond ours."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Server:
    """A server: how it starts on a port with a model, writing only below a folder, and the forms to ask it in."""

    title: str
    start: Callable[[Model, int, Path], Started]
    forms: Sequence[Form]


def _mlserver(workers: int) -> Callable[[Model, int, Path], Started]:
    def start(model: Model, port: int, scratch: Path) -> Started:
        settings = {"host": "127.0.0.1", "http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
        (scratch / "settings.json").write_text(json.dumps(settings | {"parallel_workers": workers}))
        parameters = {"uri": str(model.files / PICKLE), "version": "v1"}
        about = {"name": NAME, "implementation": "mlserver_sklearn.SKLearnModel", "parameters": parameters}
        (scratch / "model-settings.json").write_text(json.dumps(about))
        return Started([*_program("mlserver", "mlserver"), "start", str(scratch)])

    return start


def _kserve(model: Model, port: int, scratch: Path) -> Started:
    script = [str(HERE / "kserve_server.py"), str(model.files / PICKLE)]
    ports = ["--http_port", str(port), "--grpc_port", str(free_port()), "--workers", "1"]
    return Started([str(python_of("kserve")), *script, *ports])


def _mlflow(model: Model, port: int, scratch: Path) -> Started:
    python = str(python_of("mlflow"))
    saved = scratch / "saved"
    subprocess.run([python, HERE / "mlflow_save.py", model.files / PICKLE, saved], check=True, capture_output=True)
    words = [
        "models",
        "serve",
        "-m",
        str(saved),
        "-p",
        str(port),
        "-h",
        "127.0.0.1",
        "--env-manager",
        "local",
        "-w",
        "1",
    ]
    path = f"{Path(python).parent}:{os.environ['PATH']}"
    return Started(
        [*_program("mlflow", "mlflow"), *words], {"PATH": path, "MLFLOW_TRACKING_URI": f"file:{scratch}/runs"}
    )


def _bentoml(model: Model, port: int, scratch: Path) -> Started:
    words = ["serve", "bentoml_service:Service", "--working-dir", str(HERE), "-p", str(port), "--host", "127.0.0.1"]
    kept = {"BENCH_PICKLE": str(model.files / PICKLE), "BENTOML_DO_NOT_TRACK": "1", "BENTOML_HOME": str(scratch)}
    return Started([*_program("bentoml", "bentoml"), *words], kept)


def _bare(model: Model, port: int, scratch: Path) -> Started:
    return Started([sys.executable, "-m", "bench.peers.bare", str(port), str(model.artifact)], _our_path())


def _ours(store: str) -> Callable[[Model, int, Path], Started]:
    def start(model: Model, port: int, scratch: Path) -> Started:
        record = stored(file_entry(path) for path in sorted(model.artifact.iterdir()))
        uri = f"s3://bench/{model.artifact.relative_to(model.files.parent)}"
        artifact = {"uri": uri, "digest": record.digest, "bytes": record.bytes, "format": "Skops"}
        return Started(
            [sys.executable, "-m", "mooring.serving"],
            {
                **_our_path(),
                "MOORING_SERVE_ORDER": json.dumps({"model": NAME, "version": f"{NAME}-v1", "artifact": artifact}),
                "MOORING_PORT": str(port),
                "MOORING_ADMIN_PORT": "0",
                "MOORING_DRAIN_SECONDS": "0",
                "MOORING_TERMINATION_PATH": str(scratch / "termination"),
                "MOORING_ARTIFACT_AWS_ENDPOINT_URL": store,
                "MOORING_ARTIFACT_AWS_ACCESS_KEY_ID": "key",
                "MOORING_ARTIFACT_AWS_SECRET_ACCESS_KEY": "secret",
            },
        )

    return start


def servers(store: str) -> list[Server]:
    """Return all of them, ours first; `store` is the address of the store that ours fetches its artifacts from."""
    invocations = [Form("MLflow, inputs", "/invocations", "inputs"), Form("MLflow, split", "/invocations", "split")]
    v1 = f"/v1/models/{NAME}:predict"
    return [
        Server("mooring", _ours(store), [
            Form("**Mooring V2**", V2, "v2"),
            Form("Mooring V1", v1, "v1-ours"),
            Form("Mooring MLflow", "/invocations", "inputs-ours"),
        ]),
        Server("bare", _bare, [Form("our bare loop", V2, "v2")]),
        Server("mlserver", _mlserver(1), [Form("MLServer, as shipped", V2, "v2-plain")]),
        Server("mlserver0", _mlserver(0), [Form("MLServer, no workers", V2, "v2-plain")]),
        Server("kserve", _kserve, [Form("KServe V2", V2, "v2-plain"), Form("KServe V1", v1, "v1")]),
        Server("mlflow", _mlflow, invocations),
        Server("bentoml", _bentoml, [
            Form("BentoML", "/predict", "rows"), Form("BentoML, batchable", "/batched", "rows"),
        ]),
    ]  # fmt: skip


@contextmanager
def running(server: Server, model: Model, scratch: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a server pinned to its core and yield its process and port once it listens; raises Unavailable."""
    scratch.mkdir(parents=True)
    port = free_port()
    started = server.start(model, port, scratch)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    environment = {**os.environ, **threads, **started.environment}
    with (scratch / "log").open("wb") as log:
        process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, *started.command], env=environment, stdout=log, stderr=log, cwd=scratch
        )
    try:
        _await(process, port, scratch / "log")
        yield process, port
    finally:
        for pid in tree(process.pid)[::-1]:
            _kill(pid)
        process.wait()


def ask(port: int, form: Form, body: bytes) -> list[object]:
    """Return the labels that a server answers; raises Unavailable for an error."""
    url = f"http://127.0.0.1:{port}{form.path}"
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (our own http address)
                return _labels(json.load(answer))
        except urllib.error.HTTPError as error:
            said = error.read()[:200].decode(errors="replace")
            loading = error.code in (404, 503) or "not ready" in said
            if not loading or time.monotonic() > deadline:
                raise Unavailable(f"answers {error.code}: {said}") from None
        except OSError as error:
            if time.monotonic() > deadline:
                raise Unavailable(f"does not answer: {error}") from None
        time.sleep(0.05)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _labels(answer: object) -> list[object]:
    if isinstance(answer, list):
        return answer
    assert isinstance(answer, dict)
    if "predictions" in answer:
        return list(answer["predictions"])
    found = {output["name"]: output["data"] for output in answer["outputs"]}
    return list(found.get("label") or next(iter(found.values())))


def _program(peer: str, name: str) -> list[str]:
    return [str(python_of(peer).with_name(name))]


def _our_path() -> dict[str, str]:
    root = HERE.parent.parent
    return {"PYTHONPATH": f"{root / 'operator'}:{root}"}


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    last = log.read_text(errors="replace").strip().splitlines()[-1:]
    raise Unavailable(f"does not start: {last}"[:300])


def _kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return
