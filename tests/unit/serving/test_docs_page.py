"""The page at /docs in a browser: it predicts, asks for a key where one is wanted, and reaches only its server."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.unit.serving import browser, process
from tests.unit.serving.conftest import Real

pytestmark = pytest.mark.skipif(browser.PROGRAM is None, reason="there is no Chromium on this machine")
SAID = "document.getElementById('prediction').textContent"
KEY = "document.querySelector('input[type=password]')"


def test_it_predicts_a_row_at_once_and_another_when_asked_and_loads_nothing_from_elsewhere(real: Real) -> None:
    with browser.page(f"http://127.0.0.1:{real.port}/docs") as page:
        assert page.wait(SAID) == "0"
        assert page.run("document.querySelectorAll('.bar').length") == 2
        assert page.run(f"{KEY}.parentElement.hidden") is True
        page.run("document.querySelector('input[type=number]').value = 89; document.querySelector('button').click()")
        page.wait(f"{SAID} === '1'")
        assert page.complaints == []
        assert {urlsplit(address).netloc for address in page.asked} == {f"127.0.0.1:{real.port}"}


def test_it_asks_for_a_key_where_one_is_wanted_and_predicts_with_it(real: Real, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("one")
    keys = {"MOORING_KEYS_FILE": str(tmp_path / "keys")}
    with process.server(real.folder.order(), real.store, tmp_path, **keys) as server:
        port, _ = server.ready()
        with browser.page(f"http://127.0.0.1:{port}/docs") as page:
            assert "this model wants a key" in page.wait(SAID)
            assert page.run(f"{KEY}.parentElement.hidden") is False
            for key, said in (("two", "the key is not one of those"), ("one", "0")):
                page.run(f"{KEY}.value = '{key}'; document.querySelector('button').click()")
                page.wait(f"{SAID}.startsWith({said!r})")
            assert "one" not in page.run("document.getElementById('request').textContent")
