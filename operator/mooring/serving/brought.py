"""Loading a model that a user brought: read from its own file, compared with its record, and asked once."""

from __future__ import annotations

from pathlib import Path

from mooring.api.wire import ServeOrder
from mooring.artifact.brought import Brought, check_probabilities, read_brought
from mooring.artifact.compiled import CompiledModel
from mooring.artifact.errors import ModelRefused
from mooring.artifact.manifest import GOLDEN
from mooring.serving.backends import Backend, Column, check_golden, golden_columns
from mooring.serving.backends.asked import AskedBackend
from mooring.serving.backends.compiled import CompiledBackend
from mooring.serving.batch import INLINE_SECONDS, Cost
from mooring.serving.errors import CannotServe
from mooring.serving.load import Loaded, read_golden, read_profile
from mooring.serving.log import event


def load_brought(order: ServeOrder, folder: Path) -> Loaded:
    """Load what was fetched into `folder`; blocks. Raises CannotServe.

    Golden rows, where `mooring import` wrote some, must be answered as recorded; else one made-up row is asked.
    """
    brought = _read(order, folder)
    backend = _backend(brought)
    try:
        columns = _asked(folder, brought, backend)
    except ModelRefused as error:
        raise CannotServe("UnsupportedModel", str(error)) from error
    # What a row takes is not known where none was answered, so a thread asks it.
    cost = Cost.measure(backend, columns) if columns else Cost(call=2 * INLINE_SECONDS, row=INLINE_SECONDS / 10)
    return Loaded(brought.interface, backend, cost, brought.kind, read_profile(folder, brought.interface))


def _backend(brought: Brought) -> Backend:
    if isinstance(brought.model, CompiledModel):
        return CompiledBackend(brought.model, brought.interface)
    return AskedBackend(brought.model, brought.interface)


def _read(order: ServeOrder, folder: Path) -> Brought:
    if order.signature is None:
        raise CannotServe("InvalidOrder", f"a model of format {order.artifact.format} is served by its signature")
    try:
        trusts = "Joblib" in order.server.trust
        return read_brought(folder, order.artifact.format, order.signature, trusts_pickles=trusts)
    except ModelRefused as error:
        raise CannotServe("UnsupportedModel", str(error)) from error
    except ModuleNotFoundError as error:
        what = f"a model of format {order.artifact.format} needs {error.name}, which this image has not"
        raise CannotServe("NeedsRuntimeImage", f"{what}: serve by the runtime image") from error


def _asked(folder: Path, brought: Brought, backend: Backend) -> list[Column] | None:
    """Return rows that the model has answered as it should, or None where there are none; raises ModelRefused."""
    interface = brought.interface
    if (folder / GOLDEN).exists():
        golden = read_golden(folder)
        check_golden(backend, interface, golden)
        columns = golden_columns(interface, golden)
    else:
        event("no golden rows came with the model: it is asked one made-up row", file=GOLDEN)
        columns = [[""] if feature.datatype == "BYTES" else [0.0] for feature in interface.features]
    try:
        check_probabilities(brought.model.ask(columns))
    except ValueError as error:
        # A text that it never saw, say: no reason to refuse it.
        event("the made-up row was not answered", why=str(error)[:300])
        return None
    return columns
