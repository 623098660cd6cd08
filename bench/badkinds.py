"""Bad requests of many kinds, no two alike: what must be answered with a 4xx, by the bytes that are sent."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.unit.serving.artifacts import ROW, body

INFER, V1, FEEDBACK = "/v2/models/shop/infer", "/v1/models/shop:predict", "/v2/models/shop/feedback"
JSON = "application/json"


@dataclass(frozen=True)
class Bad:
    """One request, the statuses that answer it, and whether the connection ends with it."""

    raw: bytes
    statuses: frozenset[int]
    ends: bool = False


Kind = Callable[[random.Random], Bad]


def request(path: str, content: bytes, *lines: str, method: str = "POST") -> bytes:
    """Return a request that is well-formed as far as HTTP goes."""
    head = [f"{method} {path} HTTP/1.1", "host: x", f"content-length: {len(content)}", *lines, "", ""]
    return "\r\n".join(head).encode() + content


def _bad(path: str, content: object, *lines: str, status: int = 400) -> Bad:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Bad(request(path, raw, *lines), frozenset({status}))


def _word(at: random.Random) -> str:
    return f"w{at.getrandbits(60):x}"


def _tensors(at: random.Random, **changed: object) -> dict[str, object]:
    """Return a valid request with one tensor spoilt."""
    sent = body()
    tensors = sent["inputs"]
    assert isinstance(tensors, list)
    at.choice(tensors).update(changed)
    return sent


def _not_json(at: random.Random) -> Bad:
    whole = json.dumps(body()).encode()
    return _bad(INFER, whole[: at.randrange(1, len(whole) - 1)])


def _deep(at: random.Random) -> Bad:
    depth = at.randrange(50, 900)
    return _bad(INFER, b'{"inputs":' + b"[" * depth + b"]" * depth + b"}")


def _shape(at: random.Random) -> Bad:
    return _bad(INFER, _tensors(at, shape=at.choice([[], [0], [-1], [2**40], [3, 7], "x", None, [1, 1, 1]])))


def _datatype(at: random.Random) -> Bad:
    return _bad(INFER, _tensors(at, datatype=at.choice(["FP128", "", None, 7, _word(at)])))


def _unknown_feature(at: random.Random) -> Bad:
    return _bad(INFER, _tensors(at, name=_word(at)))


def _unknown_category(at: random.Random) -> Bad:
    return _bad(INFER, body(color=[_word(at)]))


def _value(at: random.Random) -> Bad:
    return _bad(INFER, body(age=[at.choice([None, "39", [1], {}, 10**30, 1.5])]))


def _binary(at: random.Random) -> Bad:
    """Claim more or fewer binary bytes than there are, or a length of the JSON that is none."""
    sent = body()
    tensors = sent["inputs"]
    assert isinstance(tensors, list)
    del tensors[0]["data"]
    tensors[0]["parameters"] = {"binary_data_size": at.choice([-1, 7, 2**62, "8", None])}
    text = json.dumps(sent).encode()
    size = at.choice([len(text), 0, 5, len(text) + 9999])
    return _bad(INFER, text + at.randbytes(8), f"inference-header-content-length: {size}")


def _rows(at: random.Random) -> Bad:
    row = list(ROW.values())
    choices: list[object] = [[], {}, [row[:2]], [row, {}], [ROW | {"age": _word(at)}], [{_word(at): 1}], [[[1]]]]
    sent = at.choice(choices)
    return _bad(at.choice([V1, "/invocations"]), {at.choice(["instances", "inputs"]): sent})


def _table(at: random.Random) -> Bad:
    text = at.choice(["", "age", "a,b\n1", 'age,"', f"age,income,member,color\n{_word(at)},1,1,red\n"])
    return _bad("/invocations", text.encode(), "content-type: text/csv")


def _too_many_rows(_: random.Random) -> Bad:
    return _bad(V1, {"instances": [list(ROW.values())] * 101}, status=413)


def _truth(at: random.Random) -> Bad:
    sent = {"id": at.choice([_word(at), "A" * 60, "", "é"]), "row": at.choice([0, -1, 2**70]), "truth": _word(at)}
    return _bad(FEEDBACK, at.choice([sent, [sent] * 3, {}, [], 7, {"id": 1, "truth": 1}]))


def _elsewhere(at: random.Random) -> Bad:
    paths = [f"/v2/models/{_word(at)}/infer", f"/v2/models/shop/versions/{_word(at)}/infer", "/%00", f"/{_word(at)}"]
    return _bad(at.choice(paths), {}, status=404)


def _method(at: random.Random) -> Bad:
    return Bad(request(INFER, b"", method=at.choice(["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])), frozenset({405}))


def _headers(at: random.Random) -> Bad:
    """Pretend to be anyone, in any role."""
    lines = [f"x-mooring-caller: {_word(at)}", f"x-mooring-role: {_word(at)}", f"traceparent: {_word(at)}"]
    return Bad(request(INFER, b"{}", *lines, f"authorization: Bearer {_word(at)}"), frozenset({400}))


def _no_http(at: random.Random) -> Bad:
    garbage = [b"\x16\x03\x01" + at.randbytes(60), b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    return Bad(at.choice([*garbage, b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n"]), frozenset({400}), ends=True)


def _too_large(at: random.Random) -> Bad:
    head = f"POST {INFER} HTTP/1.1\r\ncontent-length: {at.randrange(30_000, 10**15)}\r\n\r\n".encode()
    return Bad(head + at.randbytes(2000), frozenset({413}), ends=True)


def _long_head(at: random.Random) -> Bad:
    return Bad(b"GET /v2 HTTP/1.1\r\nx: " + b"y" * 40_000 + b"\r\n\r\n", frozenset({431}), ends=True)


def _long_address(at: random.Random) -> Bad:
    return Bad(b"GET /" + _word(at).encode() * 3000 + b" HTTP/1.1\r\n\r\n", frozenset({414}), ends=True)


def _compressed(_: random.Random) -> Bad:
    return Bad(request(INFER, b"\x1f\x8b", "content-encoding: gzip"), frozenset({415}), ends=True)


def _cut_off(at: random.Random) -> Bad:
    """Say that more follows than does, and be done."""
    return Bad(request(INFER, b"{" * 50)[: -at.randrange(1, 80)], frozenset(), ends=True)


KEPT: Mapping[Kind, int] = {
    _not_json: 4, _deep: 1, _shape: 3, _datatype: 3, _unknown_feature: 4, _unknown_category: 4, _value: 4, _binary: 4,
    _rows: 4, _table: 2, _too_many_rows: 1, _truth: 4, _elsewhere: 3, _method: 2, _headers: 3,
}  # fmt: skip
"""After these the connection goes on; by how often they come."""
ENDS: tuple[Kind, ...] = (_no_http, _too_large, _long_head, _long_address, _compressed, _cut_off)
