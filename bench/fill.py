"""Tables of figures in documents, between the marks that say which command made them."""

from __future__ import annotations

import re
from pathlib import Path


def fill(document: Path, table: str) -> None:
    """Put the table between the marks of a document."""
    text = document.read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- bench -->\n).*?(<!-- end of bench -->)", re.DOTALL)
    document.write_text(marked.sub(lambda part: f"{part[1]}{table}\n{part[2]}", text), encoding="utf-8")
