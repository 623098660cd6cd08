"""A mistake in the configuration is one clear line and an exit status, before anything is touched."""

from __future__ import annotations

import pytest

from tests.operator.berths import operator
from tests.support.kube import Kube, eventually


@pytest.mark.parametrize(
    ("config", "advice"),
    [
        ({"worker": 3}, "worker: unknown field, write `workers`"),
        ({"workers": 0}, "workers: input should be greater than or equal to 1"),
        ({"defaultOutput": {"uri": "models"}}, "defaultOutput.uri: string should match pattern"),
    ],
)
def test_a_mistake_is_said_and_ends_the_process(kube: Kube, config: dict[str, object], advice: str) -> None:
    with operator(kube, config=config, wait_ready=False) as process:
        assert process.process.wait(20) == 2
        eventually("the log is read", lambda: process.entries())
        assert advice in process.entries()[-1]["message"]
