"""What comes from upstream: people with their answers, as they were coded in 2015 or with education coded anew."""

from __future__ import annotations

import pandas as pd

from demo import data
from demo.stream import Rows

TRUTH = "employed"
EDUCATION = "SCHL"
"""In 25 steps, from "0" (none) to "24" (a doctorate)."""
STEPS = 25
IGNORED = ("id", "year", "prediction", "predicted_probability")
"""As the recipe says."""


def new_codes() -> dict[str, str]:
    """Return the new code of each step of education: its place when all are sorted as texts ("0", "1", "10", "11").

    No code is new, so that no schema can tell; nearly each means another thing.
    """
    return {old: str(new) for new, old in enumerate(sorted(map(str, range(STEPS))))}


def labelled(year: int) -> pd.DataFrame:
    """Return the people of a year with their truth, in the columns of the file that is trained on."""
    if year == 2015:
        return _texts(pd.read_parquet(data.folder() / data.TRAIN.key))
    people = pd.read_parquet(data.folder() / data.PREDICT.key)
    people = people[people["year"] == year]
    answers = pd.read_parquet(data.folder() / data.ANSWERS.key).set_index("id")[TRUTH]
    return _texts(people.assign(**{TRUTH: answers.loc[people["id"]].to_numpy()}))


def recoded(people: pd.DataFrame) -> pd.DataFrame:
    """Return people with the new codes."""
    return people.assign(**{EDUCATION: people[EDUCATION].map(new_codes())})


def visitors(year: int, rows: int, seed: int = 0) -> Rows:
    """Return people of a year to ask about, chosen by lot but always the same."""
    people = labelled(year).sample(rows, random_state=seed)
    return Rows(people.drop(columns=[*IGNORED, TRUTH]), people[TRUTH].tolist())


def _texts(people: pd.DataFrame) -> pd.DataFrame:
    coded = people.select_dtypes("category").columns
    return people.assign(**{name: people[name].astype(str).astype(object) for name in coded})
