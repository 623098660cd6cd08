"""`python3 -m mooring.api.crd [--check] [DIR]`: write the CRDs, or say how the committed ones differ."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

from mooring.api.crd import reference
from mooring.api.crd.document import crd, to_yaml
from mooring.api.crd.kinds import KINDS


def main(argv: list[str]) -> int:
    """Run the command; 1 means that --check found a difference."""
    parser = argparse.ArgumentParser(prog="python3 -m mooring.api.crd", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; print how the files differ")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="also fill in the tables of fields in this document")
    parser.add_argument("directory", type=Path, nargs="?", default=Path("crds"), metavar="DIR")
    options = parser.parse_args(argv)
    wanted = dict(_wanted(options.directory, options.docs))
    if options.check:
        differences = "".join(_difference(path, text) for path, text in wanted.items())
        sys.stdout.write(differences)
        return 1 if differences else 0
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
    return 0


def _wanted(directory: Path, docs: Path | None) -> Iterator[tuple[Path, str]]:
    for kind in KINDS:
        yield directory / f"{kind.plural}.yaml", to_yaml(crd(kind))
    if docs:
        yield docs, reference.filled(docs.read_text(encoding="utf-8"))


def _difference(path: Path, wanted: str) -> str:
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = unified_diff(found.splitlines(True), wanted.splitlines(True), f"{path} (committed)", f"{path} (models)")
    return "".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
