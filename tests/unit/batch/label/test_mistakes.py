"""What a person must correct is said in a sentence that names it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from mooring.serving.capture.waiting import Told
from mooring.training.failure import RunFailed
from tests.unit.batch.label.shop import NOON, Shop


def told(**columns: object) -> Callable[[Shop], dict[str, object]]:
    def order(shop: Shop) -> dict[str, object]:
        shop.write(shop.asked(10, request="order-1"))
        key = columns.pop("key", "id")
        name = columns.pop("truth_column", None)
        frame = pd.DataFrame({title: [value] for title, value in columns.items()})
        return {"truth": shop.table(frame), "key": key, "truth_column": name}

    return order


def nothing(shop: Shop) -> dict[str, object]:
    return {}


def no_rows(shop: Shop) -> dict[str, object]:
    shop.write(Told("a", 0, 1, NOON))
    return {}


def of_version(shop: Shop) -> dict[str, object]:
    shop.write(shop.asked(10))
    return {"version": "shop-v9"}


def too_new(shop: Shop) -> dict[str, object]:
    shop.write(shop.asked(10))
    return {"since": date(2027, 1, 1)}


def into_the_parts(shop: Shop) -> dict[str, object]:
    shop.write(shop.asked(10))
    return {"output": str(shop.folder / "parts" / "joined")}


def into_others_files(shop: Shop) -> dict[str, object]:
    shop.write(shop.asked(10))
    return {"output": str(shop.folder)}


def of_other_targets(shop: Shop) -> dict[str, object]:
    shop.write(shop.asked(10), version="shop-v1", pod="old-1")
    shop.write(shop.asked(20), pod="new-1", target={"name": "returned", "datatype": "INT64"})
    return {}


def of_other_types(shop: Shop) -> dict[str, object]:
    shop.write(shop.asked(10), version="shop-v1", pod="old-1")
    shop.write(
        shop.asked(20),
        pod="new-1",
        features=[{"name": "age", "datatype": "BYTES"}, {"name": "color", "datatype": "BYTES"}],
    )
    return {}


def no_request_ids(shop: Shop) -> dict[str, object]:
    shop.write(shop.asked(10))
    return {"truth": shop.table(pd.DataFrame({"id": ["a"], "truth": [1]})), "key": "request"}


def no_address(shop: Shop) -> dict[str, object]:
    shop.write(shop.asked(10))
    return {
        "truth": shop.table(pd.DataFrame({"id": [shop.identity("v", NOON, 1)], "truth": [1]})),
        "feedback": "income",
    }


MISTAKES: dict[str, tuple[Callable[[Shop], dict[str, object]], str, str]] = {
    "nothing captured": (
        nothing,
        "NothingCaptured",
        "nothing was captured at .*is this the ModelDeployment's own folder",
    ),
    "only truths captured": (no_rows, "NothingCaptured", "no rows were captured in this time: there are none"),
    "another version": (of_version, "NothingCaptured", "no rows of shop-v9 were captured: there are rows of 'shop-v3'"),
    "a day to come": (too_new, "NothingCaptured", "correct --version or --since"),
    "an output among the parts": (into_the_parts, "OutputInInput", "lies in the captured parts"),
    "an output among other files": (into_others_files, "OutputTaken", "name a folder of its own"),
    "versions that predict other things": (
        of_other_targets,
        "TargetsDiffer",
        "shop-v1 predicts 'bought' .INT64. and shop-v3 predicts 'returned' .INT64.: join one at a time with --version",
    ),
    "versions with other types": (
        of_other_types,
        "TypesDiffer",
        "column 'age' is BYTES in shop-v3 and INT64 in shop-v1",
    ),
    "no column of keys": (
        told(identifier="x", truth=1),
        "ColumnMissing",
        "no column 'prediction_id' or 'id' with keys; it has 'identifier', 'truth'. Name the column of callers' own",
    ),
    "a misspelled column of keys": (
        told(order_id="x", truth=1, key="orderid"),
        "ColumnMissing",
        "no column 'orderid' with keys; did you mean 'order_id'?",
    ),
    "no column of truths": (
        told(id="x", outcome=1),
        "ColumnMissing",
        "no column 'bought' or 'truth' with truths.*--truth-column",
    ),
    "a misspelled column of truths": (
        told(id="x", outcome=1, truth_column="outcom"),
        "ColumnMissing",
        "no column 'outcom' with truths; did you mean 'outcome'",
    ),
    "request ids for prediction ids": (
        told(id="order-1", truth=1),
        "NothingMatched",
        "none of 1 keys is a prediction id.*say --key request, or --key COLUMN",
    ),
    "truths of another type": (
        told(request_id="order-1", truth="yes", key="request"),
        "TruthType",
        "of 1 truths none can be used: truth is 'yes'; 'bought' is a whole number: write one, for example 0",
    ),
    "callers without ids": (no_request_ids, "NoRequestIds", "send `id` in V2 requests"),
    "an endpoint without a protocol": (no_address, "FeedbackAddress", "--feedback income: write http://"),
}


@pytest.mark.parametrize(("make", "reason", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_said_in_a_sentence(
    shop: Shop, make: Callable[[Shop], dict[str, object]], reason: str, sentence: str
) -> None:
    order = make(shop)
    with pytest.raises(RunFailed, match=sentence) as caught:
        shop.label(**order)
    assert caught.value.failure.reason == reason
    assert caught.value.failure.class_ in ("User", "Data")
