"""Our bare loop: the same HTTP on the same event loop, the same model with zero-wait batching, and nothing else on.

No validation, no ids, no ledger, no counters, no roles: what these cost is the difference to the server. It reads V2's
tensors as they stand, and answers with the same outputs. Run as `python -m bench.peers.bare <port> <artifact folder>`.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import uvloop

from mooring.artifact.folder import read_manifest
from mooring.artifact.predict import PROBABILITY
from mooring.ledger.packed import Kinds, Packed, doubles
from mooring.serving.backends.compiled import CompiledBackend
from mooring.serving.http import Heads, Limits, Listener, Request
from mooring.serving.load import Loaded, load

PATH = b"/v2/models/model/infer"


class Bare:
    """Gathers the requests of one turn of the loop, asks the model once, and answers each."""

    def __init__(self, loaded: Loaded) -> None:
        assert isinstance(loaded.backend, CompiledBackend)
        self._backend = loaded.backend
        self._told = [
            (output.name, output.datatype, output.shape[1] if len(output.shape) > 1 else 1)
            for output in loaded.manifest.outputs
        ]
        self._waiting: list[tuple[Request, Packed]] = []
        self._head = Heads().get()
        self._kinds = Kinds([feature.datatype == "BYTES" for feature in loaded.manifest.features])

    def __call__(self, request: Request) -> None:
        """Queue a request for the end of this turn."""
        if request.path != PATH:
            request.answer(self._head, b"{}")
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)
        self._waiting.append((request, self._rows(orjson.loads(request.body)["inputs"])))

    def _rows(self, inputs: list[dict[str, Any]]) -> Packed:
        if len(inputs) > 1:
            return Packed.of(self._kinds, [tensor["data"] for tensor in inputs])
        data = inputs[0]["data"]
        flat = list(chain.from_iterable(data))
        return Packed(self._kinds, len(data), doubles(len(flat)).pack(*flat))

    def _turn(self) -> None:
        waiting, self._waiting = self._waiting, []
        found = self._outputs(Packed.join([rows for _, rows in waiting]))
        at = 0
        for request, packed in waiting:
            rows, outputs = packed.rows, []
            for (name, datatype, width), values in zip(self._told, found, strict=True):
                shape = [rows, width] if name == PROBABILITY else [rows]
                data = values[at * width : (at + rows) * width]
                outputs.append({"name": name, "datatype": datatype, "shape": shape, "data": data})
            at += rows
            request.answer(self._head, orjson.dumps({"model_name": "model", "outputs": outputs}))

    def _outputs(self, rows: Packed) -> Sequence[Sequence[object]]:
        few = self._backend.few(rows)
        return few if few is not None else [output.ravel().tolist() for output in self._backend.predict(rows)]


async def _serve(port: int, folder: Path) -> None:
    loaded = load(read_manifest(folder), folder)
    await Listener(Bare(loaded), Heads(), Limits()).start("127.0.0.1", port)
    gc.collect()
    gc.freeze()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
