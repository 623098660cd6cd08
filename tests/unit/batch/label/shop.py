"""A deployment that captures everything, as far as its join can see: parts, ids, and an endpoint that counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from mooring.batch.label.order import LabelOrder
from mooring.batch.label.report import LabelSummary
from mooring.batch.label.run import Label, execute
from mooring.ledger.binner import Strata
from mooring.ledger.layout import ROLES
from mooring.ledger.packed import Kinds, Packed
from mooring.serving.capture.part import ColumnType, Encoder, Head
from mooring.serving.capture.waiting import Predicted, Told
from mooring.serving.ids import Identity, Ids, NotOurs
from mooring.serving.record import Scoring

KEY = bytes(range(32))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0
SCORING = Scoring(Strata((), 2), 1, 0, {0: 0, 1: 1}, 1)
FEATURES = [ColumnType(name="age", datatype="INT64"), ColumnType(name="color", datatype="BYTES")]
TARGET = ColumnType(name="bought", datatype="INT64")


@dataclass
class Shop:
    """Its folder, and who asked what."""

    folder: Path
    identities: dict[str, Ids] = field(default_factory=dict)
    parts: int = 0

    def identity(self, version: str, at: float, rows: int, role: str = "stable", *, captured: bool = True) -> str:
        """Return a new prediction's id."""
        made = Ids(KEY, Identity("shop", version, "[0,1]"), lambda: at)
        number = self.parts = self.parts + 1
        made._counter = number
        return made.of_classes(ROLES.index(role), [0] * rows, captured=captured)

    def write(self, *items: Predicted | Told, version: str = "shop-v3", pod: str = "pod-a-1", **head: object) -> Path:
        """Write a part, as a serving pod does."""
        self.parts += 1
        about = {"kind": "rows", "model": "shop", "version": version, "digest": "sha256:0", "pod": pod}
        about |= {"features": FEATURES, "target": TARGET, "classes": [0, 1]}
        encoder = Encoder(Head.model_validate(about | head), SCORING)
        rows = [item for item in items if isinstance(item, Predicted)]
        truths = [item for item in items if isinstance(item, Told)]
        content = encoder.rows(rows) if rows else encoder.truths(truths)
        moment = datetime.fromtimestamp(items[0].at, UTC)
        name = f"{'rows' if rows else 'truths'}-{moment:%H%M%S}-{version}-{pod}-{self.parts:05}.jsonl.gz"
        file = self.folder / "parts" / f"{moment:%Y-%m-%d}" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def asked(
        self,
        *ages: int,
        request: str | None = None,
        role: str = "stable",
        at: float = NOON,
        version: str = "shop-v3",
    ) -> Predicted:
        """Return a request with a row of each age, as a pod keeps it."""
        kinds = Kinds([False, True])
        packed = Packed.of(kinds, [[float(age) for age in ages], ["red"] * len(ages)])
        answers: list[list[object]] = [
            [int(age > 50) for age in ages],
            [x for a in ages for x in (1 - a / 100, a / 100)],
        ]
        identity = self.identity(version, at, len(ages), role)
        return Predicted(identity, request, ROLES.index(role), at, packed, answers, len(ages), 1)  # type: ignore[arg-type]  # as they come

    def label(self, post: Callable[[bytes], tuple[int, bytes]] | None = None, **order: object) -> LabelSummary:
        """Join, an hour after noon."""
        wanted = {"captured": str(self.folder), "output": str(self.folder / "joined"), **order}
        return execute(Label(LabelOrder(**wanted), clock=lambda: NOON + 3600, post=post))  # type: ignore[arg-type]  # a test's

    def joined(self) -> pd.DataFrame:
        """Return what was written."""
        files = sorted((self.folder / "joined").glob("*/*.parquet"))
        frames = [pd.read_parquet(file) for file in files]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def table(self, frame: pd.DataFrame, name: str = "truths.parquet") -> str:
        """Write a table of truths."""
        file = self.folder / "given" / name
        file.parent.mkdir(exist_ok=True)
        frame.to_parquet(file) if name.endswith(".parquet") else frame.to_csv(file, index=False)
        return str(file)


class Deployment:
    """Answers as the feedback endpoint does; it remembers everything."""

    def __init__(self) -> None:
        self.ids = Ids(KEY, Identity("shop", "shop-v9", "[0,1]"))
        self.known: dict[tuple[int, int], object] = {}
        self.requests: list[int] = []
        self.full = 0
        """So many truths of the next request it has no room for."""

    def post(self, body: bytes) -> tuple[int, bytes]:
        """Take a request."""
        told = json.loads(body)
        self.requests.append(len(told))
        answer = {"accepted": 0, "duplicate": 0, "refused": 0}
        errors: list[dict[str, object]] = []
        for place, one in enumerate(told):
            if place < self.full:
                errors.append({"index": place, "error": "too many", "again": True})
                continue
            try:
                key = self.ids.read(one["id"], one["row"]).key
            except NotOurs as problem:
                errors.append({"index": place, "error": str(problem)})
                continue
            if one["truth"] not in (0, 1):
                errors.append({"index": place, "error": f"truth is {one['truth']}; expected one of 0, 1"})
                continue
            answer["duplicate" if key in self.known else "accepted"] += 1
            self.known[key] = one["truth"]
        self.full = 0
        return 200, json.dumps(answer | ({"errors": errors} if errors else {})).encode()
