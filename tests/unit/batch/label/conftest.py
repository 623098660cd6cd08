from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.batch.label.shop import Deployment, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


@pytest.fixture
def deployment() -> Deployment:
    return Deployment()
