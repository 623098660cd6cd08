"""`/openapi.json`, and `/docs`: a page of our own to try the model, which loads nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from mooring.serving.fixed import fixed
from mooring.serving.http import Heads, Request, Routes

_PAGE = Path(__file__).with_name("docs.html")


def add_docs(routes: Routes, api: Mapping[str, object], *, model: str, heads: Heads) -> None:
    """Answer both paths; `api` is the document."""
    page = _PAGE.read_text(encoding="utf-8").replace("{{model_json}}", _in_script(model))
    page = page.replace("{{model}}", html.escape(model))
    head, body = heads.make(HTTPStatus.OK, _headers(page)), page.encode()

    def show(request: Request) -> None:
        request.answer(head, body)

    routes.add("/docs", {"GET": show})
    routes.add("/openapi.json", {"GET": fixed(heads, api)})


def _headers(page: str) -> Mapping[str, str]:
    """Return the page's headers: only its own style and script run, and they reach nothing but this server."""
    policy = (
        f"default-src 'none'; script-src {_hash('script', page)}; style-src {_hash('style', page)}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }


def _hash(tag: str, page: str) -> str:
    found = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    inside = found.group(1) if found else ""
    return f"'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'"


def _in_script(text: str) -> str:
    return json.dumps(text)[1:-1].replace("<", "\\u003c")
