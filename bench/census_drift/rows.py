"""Real rows with their true answers, and a model of the first year.

US census, Massachusetts: who is employed? 2015 trains; 2016 to 2018 are served, shuffled within each year.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cluster.paths import REPOSITORY
from demo import data, upstream
from demo.upstream import TRUTH
from mooring.artifact.folder import read_manifest
from mooring.cli.recipe import read_order
from mooring.serving.backends import Output
from mooring.serving.load import Loaded, load
from mooring.training.journal import Journal
from mooring.training.run import Run, execute

WINDOW = 2000
"""Rows."""
YEARS = (2016, 2017, 2018)
"""That are served."""
SEED = 11
RECIPE = REPOSITORY / "samples/census/trainingjob.yaml"
_UNKNOWN = "16"
"""What a service would put where education is missing: the most frequent one."""


@dataclass(frozen=True)
class Answered:
    """What the model says to n rows."""

    scores: NDArray[np.float64]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Census:
    """The rows, and the model that Mooring trains on the first year by its sample's recipe."""

    @cached_property
    def model(self) -> Loaded:
        """The artifact of `samples/census/trainingjob.yaml`, loaded as a serving pod loads it."""
        with tempfile.TemporaryDirectory(prefix="census-") as made, contextlib.redirect_stdout(sys.stderr):
            order = read_order(RECIPE, data=str(data.folder() / data.TRAIN.key), output=made)
            report = execute(Run(order, {}, {}, Journal()))
            assert report.artifact is not None
            where = Path(report.artifact.uri)
            return load(read_manifest(where), where)

    @cached_property
    def features(self) -> list[str]:
        """The columns that the model reads, in its order."""
        return [feature.name for feature in self.model.manifest.features]

    @cached_property
    def numbers(self) -> list[str]:
        """Those that are numbers."""
        return [feature.name for feature in self.model.manifest.features if feature.datatype != "BYTES"]

    @cached_property
    def first_year(self) -> pd.DataFrame:
        """The rows of 2015 with their truth."""
        return self._usable(upstream.labelled(2015))

    @cached_property
    def later(self) -> pd.DataFrame:
        """The rows of YEARS with their truth and `year`, in the order of the file."""
        return self._usable(pd.concat([upstream.labelled(year) for year in YEARS]))

    def year(self, year: int, windows: int | None = None) -> pd.DataFrame:
        """Return whole windows of a year, shuffled, always the same."""
        rows = self.later[self.later["year"] == year].sample(frac=1.0, random_state=SEED)
        most = len(rows) // WINDOW
        return rows.iloc[: WINDOW * min(most, windows or most)]

    def columns(self, rows: pd.DataFrame) -> list[NDArray[np.float64] | NDArray[np.object_]]:
        """Return the features of rows as a server has them: NaN and None where they are missing."""
        kinds = [float if name in self.numbers else object for name in self.features]
        return [rows[name].to_numpy(kind) for name, kind in zip(self.features, kinds, strict=True)]

    def answers(self, rows: pd.DataFrame) -> Answered:
        """Return what the model says, with the most frequent education where that is missing."""
        filled = self.columns(rows.fillna({upstream.EDUCATION: _UNKNOWN}))
        names = [output.name for output in self.model.manifest.outputs]
        found: dict[str, Output] = dict(zip(names, self.model.backend.predict(filled), strict=True))
        return Answered(found["probability"][:, 1].astype(np.float64), found["label"].astype(np.int64))

    def right(self, rows: pd.DataFrame) -> float:
        """Return the accuracy on rows."""
        return float((self.answers(rows).labels == rows[TRUTH]).mean())

    def _usable(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[[*self.features, TRUTH, "year"]]
