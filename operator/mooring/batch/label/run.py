"""One join: from an order to rows by day, and a deployment that was told."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mooring.artifact.errors import StoreRefused, StoreUnavailable
from mooring.artifact.location import parse_uri
from mooring.artifact.store import Store
from mooring.batch.label.captured import Captured, Line
from mooring.batch.label.index import Index
from mooring.batch.label.joining import OURS, join, whole
from mooring.batch.label.matching import Matching
from mooring.batch.label.order import BY_ID, Credentials, LabelOrder
from mooring.batch.label.report import LabelSummary, TableReport
from mooring.batch.label.schema import Columns
from mooring.batch.label.sink import Sink
from mooring.batch.label.table import Table
from mooring.batch.label.teller import Endpoint, Post, Remembered, Teller
from mooring.batch.label.truth import Target
from mooring.serving.capture.part import Head
from mooring.training.failure import RunFailed, data_error, listed, user_error
from mooring.training.journal import Journal


@dataclass(frozen=True)
class Label:
    """An order with what opens the stores, and where it tells people what happens."""

    order: LabelOrder
    credentials: Credentials = field(default_factory=Credentials)
    journal: Journal = field(default_factory=Journal)
    clock: Callable[[], float] = time.time
    post: Post | None = None
    """Instead of the order's endpoint."""


def execute(label: Label) -> LabelSummary:
    """Carry out an order and return what it came to. The same order again joins anew, and tells nothing twice.

    Raises RunFailed: User and Data for what a person must correct, Infrastructure where another try may help.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="mooring-") as scratch:
            index = Index(Path(scratch) / "index")
            try:
                return _Run(label, index, Path(scratch)).summary()
            finally:
                index.close()
    except StoreRefused as error:
        raise user_error("StoreRefused", str(error)) from None
    except StoreUnavailable as error:
        raise RunFailed("Infrastructure", "StoreUnavailable", str(error)) from None


class _Run:
    def __init__(self, label: Label, index: Index, scratch: Path) -> None:
        self._label = label
        self._order = order = label.order
        self._index = index
        self._scratch = scratch
        self._began = label.clock()
        _check_apart(order)
        self._captured = Captured(order.captured, label.credentials.captured, order.since, label.journal)
        heads = self._heads()
        self._target = Target.of(heads)
        self._columns = Columns.of(heads, self._target, plain=order.plain)

    def summary(self) -> LabelSummary:
        order, journal = self._order, self._label.journal
        table = None
        if order.truth is not None:
            creds = self._label.credentials.truth
            table = Table(order, order.truth, creds, self._target.name, self._scratch)
        matching = Matching(order, self._index, self._target, self._label.clock())
        if table is not None:
            if not order.by_id:
                self._index_requests(journal)
            for told in table.rows():
                matching.take(told)
            journal.say(f"{matching.report.rows} rows of truths read, {matching.report.matched} of captured rows")
        found = self._join(self._online())
        if table is not None:
            found = found.model_copy(update={"table": matching.report})
            teller = self._teller()
            if teller is not None:
                matching.tell(table.rows(), teller)
                found = found.model_copy(update={"told": teller.report})
            _check_matched(matching.report, order.key)
        self._sink.note(found.model_dump_json(by_alias=True, exclude_none=True, indent=1))
        return found

    def _heads(self) -> list[Head]:
        wanted = self._order.version
        found = self._captured.heads()
        heads = [head for head in found if wanted in (None, head.version)]
        if not heads:
            versions = sorted({head.version for head in found})
            seen = f"there are rows of {listed(versions)}" if versions else "there are none, only truths"
            asked = f"no rows of {wanted} were captured" if wanted else "no rows were captured in this time"
            raise data_error("NothingCaptured", f"{asked}: {seen}; correct --version or --since")
        return heads

    def _lines(self) -> Iterator[tuple[Head, Line]]:
        version = self._order.version
        return ((head, line) for head, line in self._captured.lines("rows") if version in (None, head.version))

    def _index_requests(self, journal: Journal) -> None:
        requests = 0
        for _, line in self._lines():
            request = line.get("request")
            if request is not None and line["role"] in OURS:
                self._index.asked(str(request), str(line["id"]), line["rows"])
                requests += 1
        journal.say(f"{requests} captured requests with an id of their caller's")
        if not requests:
            message = (
                "no captured request has an id of its caller's: send `id` in V2 requests, or key truths by --key id"
            )
            raise data_error("NoRequestIds", message)

    def _online(self) -> int:
        """Take the truths that were told online; the table's count before them."""
        online = 0
        for _, line in self._captured.lines("truths"):
            try:
                truth = self._target.read(line["truth"])
            except ValueError:
                continue  # of a version that predicted something else
            identity, row = str(line["id"]), whole(line["row"])
            online += self._index.know(identity, row, truth, whole(line["at"]))
            self._index.tell(identity, row)  # the deployment knows, though its pods may have forgotten
        return online

    def _join(self, online: int) -> LabelSummary:
        order = self._order
        store = Store(order.output.rstrip("/") + "/", self._label.credentials.output)
        self._sink = sink = Sink(store, self._columns, self._scratch)
        counted = join(self._lines(), self._index, sink, order)
        return LabelSummary(
            captured=order.captured,
            output=order.output,
            rows=counted.rows,
            labelled=counted.labelled,
            written=sink.rows,
            files=sink.files,
            days=sink.days,
            online=online,
            unreadable=len(self._captured.unreadable),
            seconds=round(self._label.clock() - self._began, 3),
        )

    def _teller(self) -> Teller | None:
        order, credentials = self._order, self._label.credentials
        post = self._label.post
        if post is None and order.feedback is not None:
            if not order.feedback.startswith(("http://", "https://")):
                raise user_error("FeedbackAddress", f"--feedback {order.feedback}: write http://… or https://…")
            post = Endpoint(order.feedback, credentials.feedback_key).post
        if post is None:
            return None
        now = datetime.fromtimestamp(self._label.clock(), UTC)
        remembered = Remembered(order.captured, credentials.captured, now)
        remembered.load(self._index)
        return Teller(post, self._index, remembered)


def _check_apart(order: LabelOrder) -> None:
    """Raise RunFailed (User) where the rows would lie among the parts, or among the truths."""
    target = parse_uri(order.output)
    for name, uri in (("the captured parts", f"{order.captured.rstrip('/')}/parts"), ("the truths", order.truth)):
        if uri is None:
            continue
        source = parse_uri(uri)
        inside = target.key == source.key or target.key.startswith(source.key + "/")
        if (source.scheme, source.bucket) == (target.scheme, target.bucket) and inside:
            raise user_error("OutputInInput", f"{order.output} lies in {name}, {uri}; name a folder outside of it")


def _check_matched(report: TableReport, key: str) -> None:
    """Raise RunFailed (Data) where not one truth of a table could be of a prediction."""
    known = report.rows - report.missing
    if not known or report.unknown + report.refused.count < known:
        return
    if report.refused.count:
        raise data_error("TruthType", f"of {known} truths none can be used: {report.refused.example}")
    message = f"none of {known} keys is a prediction id, or else its row is none of its rows"
    hint = "say --key request, or --key COLUMN, where they are callers' own request ids" if key == BY_ID else ""
    raise data_error("NothingMatched", f"{message}; {hint}".rstrip("; "))
