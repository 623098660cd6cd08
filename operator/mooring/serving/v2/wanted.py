"""Which outputs a request wants, and whether as JSON or binary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from mooring.serving.errors import bad_input, shown


@dataclass(frozen=True, slots=True)
class Wanted:
    """One output of the answer: its place among the model's outputs."""

    index: int
    binary: bool


class Everything(tuple[Wanted, ...]):
    """All outputs as JSON, as most requests want them."""

    __slots__ = ()


class WantedOutputs:
    """Reads `outputs` of requests for one model."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self.all = Everything(Wanted(i, binary=False) for i in range(len(names)))
        self._all_binary = [Wanted(i, binary=True) for i in range(len(names))]

    def read(self, outputs: object, parameters: object) -> Sequence[Wanted]:
        """Return the outputs that a request names, or all of them; raises Rejected for one that there is not."""
        binary = (
            parameters is not None and isinstance(parameters, dict) and parameters.get("binary_data_output") is True
        )
        if outputs is None or outputs == []:
            return self._all_binary if binary else self.all
        if not isinstance(outputs, list):
            raise bad_input(f"outputs is {shown(outputs)}; expected a list of objects with a name")
        wanted = [self._read_one(output, binary) for output in outputs]
        if len({one.index for one in wanted}) < len(wanted):
            raise bad_input("outputs: an output is asked for twice; expected once")
        return wanted

    def _read_one(self, output: object, binary: bool) -> Wanted:
        name = output.get("name") if isinstance(output, dict) else output
        if not isinstance(output, dict) or not isinstance(name, str) or name not in self._names:
            near = get_close_matches(str(name)[:80], self._names, n=1)
            hint = f"did you mean {shown(near[0])}?" if near else f"expected {', '.join(map(shown, self._names))}"
            raise bad_input(f"outputs: the model has no output {shown(name)}; {hint}")
        parameters = output.get("parameters")
        if isinstance(parameters, dict):
            for unoffered in ("classification", "shared_memory_region"):
                if parameters.get(unoffered):
                    raise bad_input(f"output {shown(name)}: {unoffered} is not offered; ask without it")
            binary = parameters.get("binary_data", binary) is True
        return Wanted(self._names.index(name), binary)
