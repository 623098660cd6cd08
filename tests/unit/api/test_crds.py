"""The committed CRDs are those of the models, and say what Kubernetes and people look for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mooring.api.crd.__main__ import main
from mooring.api.crd.document import crd, to_yaml
from mooring.api.crd.kinds import KINDS, Kind

ROOT = Path(__file__).parents[3]


def version(kind: Kind) -> dict[str, Any]:
    served: dict[str, Any] = crd(kind)["spec"]["versions"][0]
    return served


def test_the_committed_files_match_the_models(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--check", "--docs", str(ROOT / "docs" / "api.md"), str(ROOT / "crds")])
    assert (status, capsys.readouterr().out) == (0, "")


def test_a_difference_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    edited = tmp_path / "trainingjobs.yaml"
    edited.write_text(edited.read_text(encoding="utf-8").replace("maxLength: 42", "maxLength: 63"), encoding="utf-8")
    assert main(["--check", str(tmp_path)]) == 1
    assert "-                maxLength: 63\n+                maxLength: 42\n" in capsys.readouterr().out


def test_a_missing_file_is_a_difference(tmp_path: Path) -> None:
    assert main(["--check", str(tmp_path)]) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_text_says_all_and_is_stable(kind: Kind) -> None:
    assert yaml.safe_load(to_yaml(crd(kind))) == crd(kind)
    assert to_yaml(crd(kind)) == to_yaml(crd(kind))


def test_short_names_and_plurals_are_unique() -> None:
    assert len({kind.short_name for kind in KINDS}) == len({kind.plural for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_columns_and_selectors_point_at_fields(kind: Kind) -> None:
    schema = version(kind)["schema"]["openAPIV3Schema"]
    paths = [column.path for column in kind.columns if column.path.startswith((".spec.", ".status."))]
    for path in [*paths, *kind.selectable]:
        field = schema
        for step in path.partition("[")[0].strip(".").split("."):
            field = field["properties"][step]
        assert "description" in field or "type" in field


def test_only_deployments_scale() -> None:
    assert [kind.name for kind in KINDS if "scale" in version(kind)["subresources"]] == ["ModelDeployment"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_is_explained(kind: Kind) -> None:
    properties = version(kind)["schema"]["openAPIV3Schema"]["properties"]
    assert [path for part in ("spec", "status") for path in _unexplained(properties[part], f"{kind.name}.{part}")] == []


def _unexplained(schema: dict[str, Any], path: str) -> list[str]:
    missing = [] if "description" in schema else [path]
    inner = schema.get("items", schema)
    for name, field in inner.get("properties", {}).items():
        missing += _unexplained(field, f"{path}.{name}")
    return missing
