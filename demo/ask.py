"""Asking for predictions: by curl, and with the client of another project.

    python -m demo.ask ADDRESS MODEL YEAR [ROWS]

asks with tritonclient about people of one year, and says for how many of them the answer was right.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import tritonclient.http

from demo import data
from demo.errors import DemoFailed
from demo.say import command, output

KNOWN = {"id", "year", "prediction", "predicted_probability"}
"""Columns that the recipe ignores."""
ANSWER_SECONDS = 30.0
BATCH = 1000
SAMPLE = "samples/census/request.json"


@dataclass(frozen=True)
class Score:
    """How often the model was right."""

    rows: int
    right: int
    version: str


def curl(address: str, model: str, *, edit: str = "", headers: bool = False) -> str:
    """Ask by curl before the reader's eyes, with the sample request, changed by a sed expression; return the answer."""
    shown = "-i " if headers else ""
    ask = f"curl -s {shown}http://{address}/v2/models/{model}/infer"
    line = f"{ask} -d @{SAMPLE}" if not edit else f"sed '{edit}' {SAMPLE} | {ask} -d @-"
    return _shell(line)


def curl_get(address: str, path: str) -> str:
    """Fetch a path by curl before the reader's eyes."""
    return _shell(f"curl -s http://{address}{path}")


def _shell(line: str) -> str:
    command(line)
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        capture_output=True,
        text=True,
        timeout=ANSWER_SECONDS,
        check=False,
    )
    output(done.stdout.replace("\r", "") or f"(curl ended with status {done.returncode}) {done.stderr}")
    if done.returncode != 0:
        raise DemoFailed(f"curl got no answer: status {done.returncode}")
    return done.stdout


def check_predictions(answer: str, version: str) -> None:
    """Raise DemoFailed unless an answer holds predictions of `version` for the sample's two people."""
    try:
        body = json.loads(answer)
        rows = [output["shape"][0] for output in body["outputs"]]
        good = body["model_version"] == version and rows and set(rows) == {2}
    except (ValueError, KeyError, TypeError, IndexError):
        good = False
    if not good:
        raise DemoFailed(f"that is not an answer of {version} for two people")


def check_refused(answer: str, word: str) -> None:
    """Raise DemoFailed unless an answer is a 400 that names what is wrong."""
    if " 400 " not in answer.partition("\n")[0] or word not in answer:
        raise DemoFailed(f"a bad request was not answered by a 400 that names {word}")


def score(address: str, model: str, year: int, rows: int) -> Score:
    """Ask about `rows` people of a year, chosen by lot but always the same, and compare with what they answered."""
    people, answers = _people(year, rows)
    client = tritonclient.http.InferenceServerClient(address, network_timeout=ANSWER_SECONDS)
    right, version = 0, ""
    try:
        for start in range(0, len(people), BATCH):
            part = people.iloc[start : start + BATCH]
            answer = client.infer(model, [_tensor(part[name]) for name in part.columns])
            version = str(answer.get_response()["model_version"])
            right += int((answer.as_numpy("label") == answers[start : start + BATCH]).sum())
    except tritonclient.http.InferenceServerException as error:
        raise DemoFailed(f"tritonclient was refused: {error.message()}") from None
    finally:
        client.close()
    return Score(len(people), right, version)


def _people(year: int, rows: int) -> tuple[pd.DataFrame, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    people = pd.read_parquet(data.folder() / data.PREDICT.key)
    people = people[people["year"] == year]
    people = people.sample(min(rows, len(people)), random_state=0)
    answers = pd.read_parquet(data.folder() / data.ANSWERS.key).set_index("id")["employed"]
    return people.drop(columns=[*KNOWN]), answers.loc[people["id"]].to_numpy(np.int64)


def _tensor(column: pd.Series[object]) -> tritonclient.http.InferInput:
    numbers = column.dtype.kind == "f"
    tensor = tritonclient.http.InferInput(str(column.name), [len(column)], "FP64" if numbers else "BYTES")
    tensor.set_data_from_numpy(column.to_numpy(np.float64 if numbers else np.object_))
    return tensor


def main(arguments: Sequence[str]) -> int:
    """Ask about people of one year, from the command line."""
    if len(arguments) not in (3, 4):
        print(__doc__)
        return 2
    address, model, year, rows = (*arguments, "1000")[:4]
    try:
        found = score(address, model, int(year), int(rows))
    except DemoFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{found.version} was right for {found.right / found.rows:.1%} of {found.rows:,} people of {year}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
