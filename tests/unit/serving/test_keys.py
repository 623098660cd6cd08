"""Bearer keys: predictions for those who show one, everything else for all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mooring.serving.app import build
from mooring.serving.errors import CannotServe, Rejected
from mooring.serving.keys import Keys
from tests.unit.serving import artifacts
from tests.unit.serving.conftest import AgeBackend, loaded, order
from tests.unit.serving.talk import ask

ROWS = {"instances": [artifacts.ROW]}
PREDICTS = {
    "/v2/models/shop/infer": artifacts.body(),
    "/v1/models/shop:predict": ROWS,
    "/invocations": ROWS,
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "keys").write_text("one\n\n  two  \n")
    return tmp_path / "keys"


@pytest.fixture
async def port(file: Path) -> AsyncIterator[int]:
    app = build(order(), loaded(AgeBackend()), lambda: True, Keys(file))
    yield await app.listener.start("127.0.0.1", 0)
    app.listener.close()


@pytest.mark.parametrize("path", list(PREDICTS))
async def test_predictions_are_for_those_who_show_a_key(port: int, path: str) -> None:
    for key in ("Bearer one", "bearer two"):
        assert (await ask(port, "POST", path, PREDICTS[path], authorization=key)).status == 200
    for headers in ({}, {"authorization": "Basic b25l"}, {"authorization": "Bearer three"}):
        reply = await ask(port, "POST", path, PREDICTS[path], **headers)
        assert (reply.status, reply.headers["www-authenticate"].startswith("Bearer realm=")) == (401, True)
        assert "key" in reply.error


@pytest.mark.parametrize("path", ["/v2", "/v2/health/ready", "/v2/models/shop", "/ping", "/openapi.json", "/docs"])
async def test_health_and_metadata_are_open(port: int, path: str) -> None:
    assert (await ask(port, "GET", path)).status == 200


async def test_the_document_says_that_a_key_is_wanted(port: int) -> None:
    document = (await ask(port, "GET", "/openapi.json")).json()
    assert document["components"] == {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}


def test_a_changed_file_is_read_within_a_second_and_a_missing_one_changes_nothing(file: Path) -> None:
    now = [0.0]
    keys = Keys(file, clock=lambda: now[0])
    file.write_text("three")
    keys.check(b"Bearer one")
    now[0] = 1.1
    keys.check(b"Bearer three")
    with pytest.raises(Rejected):
        keys.check(b"Bearer one")
    file.unlink()
    now[0] = 2.2
    keys.check(b"Bearer three")


@pytest.mark.parametrize("shown", [b"", b"Bearer", b"Bearer ", b"one", b"Bearer one two", b"Bearer \xff\x00"])
def test_what_is_no_key_is_refused(file: Path, shown: bytes) -> None:
    with pytest.raises(Rejected, match="key"):
        Keys(file).check(shown)


@pytest.mark.parametrize("text", [None, "", "\n \n"])
def test_a_pod_without_keys_says_so_and_does_not_serve_everyone(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "keys").write_text(text)
    with pytest.raises(CannotServe, match="NoKeys"):
        Keys(tmp_path / "keys")


def test_a_pod_without_keys_says_which_secret_to_write(tmp_path: Path) -> None:
    with pytest.raises(
        CannotServe, match=r"No such file.* Secret shop-keys with the entry `keys`, one key a line"
    ) as no:
        Keys(tmp_path / "keys", "shop-keys")
    assert no.value.retry, "the Secret may be made later"
