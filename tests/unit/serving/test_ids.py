from __future__ import annotations

import base64
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.serving.ids import MAX_ROWS, Identity, Ids, NotOurs, form_of, key_from, version_number

KEY = bytes(range(32))
SHOP = Identity("shop", "shop-v3", "[0,1]")
NOW = 1_700_000_000.0
floats = st.floats(width=32, allow_nan=False, allow_infinity=False, max_value=2.0**100, min_value=-(2.0**100))


def ids(key: bytes = KEY, identity: Identity = SHOP) -> Ids:
    return Ids(key, identity, lambda: NOW)


@given(st.integers(0, 3), st.integers(0, 2), st.data())
def test_an_id_says_what_was_predicted(role: int, form: int, data: st.DataObject) -> None:
    strata = data.draw(st.lists(st.integers(0, 256 ** (1, 2, 4)[form] - 1), min_size=1, max_size=70))
    text = ids().of_classes(role, strata, form)
    for row, stratum in enumerate(strata):
        found = ids().read(text, row)
        assert (found.version, found.role, found.minute, found.rows) == (3, role, NOW // 60, len(strata))
        assert (found.stratum, math.isnan(found.value)) == (stratum, True)


@given(st.lists(st.tuples(st.integers(0, 15), floats), min_size=1, max_size=20), floats.filter(lambda x: x > 0))
def test_an_id_of_a_regression_holds_its_predictions(rows: list[tuple[int, float]], scale: float) -> None:
    bins, values = zip(*rows, strict=True)
    text = ids().of_values(1, bins, values, scale)
    wide = ids().of_values(1, [place << 12 for place in bins], values, scale, 4)
    assert [ids().read(wide, row).stratum for row in range(len(rows))] == [place << 12 for place in bins]
    assert [ids().read(wide, row).value for row in range(len(rows))] == [value for _, value in rows]
    assert ids().read(wide, 0).scale == scale
    for row, (place, value) in enumerate(rows):
        found = ids().read(text, row)
        assert (found.stratum, found.value, found.scale) == (place, value, scale)


@given(st.integers(1, 1 << 20), st.booleans())
def test_the_form_of_ids_holds_every_code(codes: int, regression: bool) -> None:
    form, last = form_of(min(codes, 1 << 16) if regression else codes, regression=regression), codes - 1
    if regression:
        last = min(last, (1 << 16) - 1)
        text = ids().of_values(0, [last, 0], [1.0, 2.0], 1.0, form)
    else:
        text = ids().of_classes(0, [last], form)
    assert ids().read(text, 0).stratum == last


def test_an_id_is_short_and_fit_for_addresses_and_headers() -> None:
    text = ids().of_classes(0, [7])
    assert len(text) == 44
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_two_requests_never_have_one_id() -> None:
    one, other = ids(), ids()
    made = [maker.of_classes(0, [7]) for maker in (one, other) for _ in range(1000)]
    assert len(set(made)) == len(made)
    keys = {one.read(text, 0).key for text in made}
    assert len(keys) == len(made)


@given(st.integers(0, 43), st.integers(1, 63))
def test_a_changed_id_is_refused(place: int, by: int) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    text = ids().of_classes(0, [7])
    letter = letters[(letters.index(text[place]) + by) % 64]
    with pytest.raises(NotOurs):
        ids().read(text[:place] + letter + text[place + 1 :], 0)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(NotOurs):
        ids().read(text, 0)


@pytest.mark.parametrize(
    ("key", "identity", "why"),
    [
        (b"another key, of 32 bytes or so..", SHOP, "another key"),
        (KEY, Identity("shoe", "shoe-v3", "[0,1]"), "another model than shop"),
        (KEY, Identity("shop", "shop-v2", "[0,1,2]"), "other classes"),
    ],
)
def test_a_foreign_id_is_refused_with_the_reason(key: bytes, identity: Identity, why: str) -> None:
    text = ids(key, identity).of_classes(0, [7])
    with pytest.raises(NotOurs, match=why):
        ids().read(text, 0)


def test_a_forged_signature_is_refused_with_the_reason() -> None:
    raw = bytearray(base64.urlsafe_b64decode(ids().of_classes(0, [7])))
    raw[23] = 9
    with pytest.raises(NotOurs, match="changed on the way"):
        ids().read(base64.urlsafe_b64encode(raw).decode(), 0)


def test_another_version_of_the_model_reads_it() -> None:
    text = ids(identity=Identity("shop", "shop-v2", "[0,1]")).of_classes(0, [7])
    assert ids().read(text, 0).version == 2


@pytest.mark.parametrize("row", [-1, 2, MAX_ROWS])
def test_a_row_that_was_not_asked_for_is_refused(row: int) -> None:
    with pytest.raises(NotOurs, match="not among the 2"):
        ids().read(ids().of_classes(0, [1, 2]), row)


def test_the_rows_beyond_the_most_that_fit_have_no_truth() -> None:
    text = ids().of_classes(0, [1] * (MAX_ROWS + 1))
    assert ids().read(text, MAX_ROWS - 1).rows == MAX_ROWS


@pytest.mark.parametrize("version", ["shop-v3x", "other-v3", "shop-v", "shop", "shop-v99999999999", "shop-v٣"])
def test_versions_without_a_number_have_one_of_their_own(version: str) -> None:
    assert version_number("shop", version) >> 31 == 1
    assert version_number("shop", "shop-v12") == 12


def test_the_key_is_given_or_made_up_and_a_bad_one_is_told() -> None:
    given = base64.b64encode(KEY).decode()
    assert key_from({"MOORING_ID_KEY": given}) == (KEY, True)
    made_up, known = key_from({})
    assert (len(made_up), known) == (32, False)
    assert key_from({})[0] != made_up
    for bad in ("not base64!", base64.b64encode(b"short").decode()):
        with pytest.raises(ValueError, match="MOORING_ID_KEY"):
            key_from({"MOORING_ID_KEY": bad})
