"""Our bare loop: the same HTTP on the same event loop, the same model with zero-wait batching, and nothing else on.

No validation, no ids, no ledger, no counters: what these cost is the difference to the server. It reads V2's tensors as
they stand. Run as `python -m bench.peers.bare <port> <artifact's folder>`.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from itertools import chain
from pathlib import Path

import orjson
import uvloop

from mooring.artifact.folder import read_manifest
from mooring.serving.http import Heads, Limits, Listener, Request
from mooring.serving.load import Loaded, load

PATH = b"/v2/models/model/infer"


class Bare:
    """Gathers the requests of one turn of the loop, asks the model once, and answers each with its labels."""

    def __init__(self, loaded: Loaded) -> None:
        self._backend = loaded.backend
        self._label = next(i for i, output in enumerate(loaded.manifest.outputs) if output.name == "label")
        self._waiting: list[tuple[Request, list[list[object]]]] = []
        self._head = Heads().get()

    def __call__(self, request: Request) -> None:
        """Queue a request for the end of this turn."""
        if request.path != PATH:
            request.answer(self._head, b"{}")
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._turn)
        self._waiting.append((request, self._columns(orjson.loads(request.body)["inputs"])))

    def _columns(self, inputs: list[dict[str, list[object]]]) -> list[list[object]]:
        if len(inputs) > 1:
            return [tensor["data"] for tensor in inputs]
        return [list(column) for column in zip(*inputs[0]["data"], strict=True)]

    def _turn(self) -> None:
        waiting, self._waiting = self._waiting, []
        joined = [list(chain.from_iterable(parts)) for parts in zip(*(columns for _, columns in waiting), strict=True)]
        labels = self._backend.predict(joined)[self._label].tolist()
        at = 0
        for request, columns in waiting:
            found = labels[at : at + len(columns[0])]
            at += len(found)
            output = {"name": "label", "datatype": "INT64", "shape": [len(found)], "data": found}
            request.answer(self._head, orjson.dumps({"model_name": "model", "outputs": [output]}))


async def _serve(port: int, folder: Path) -> None:
    loaded = load(read_manifest(folder), folder)
    await Listener(Bare(loaded), Heads(), Limits()).start("127.0.0.1", port)
    gc.collect()
    gc.freeze()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
