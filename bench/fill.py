"""Tables of figures in documents, between the marks that say which command made them."""

from __future__ import annotations

import re
from pathlib import Path


def fill(document: Path, table: str, part: str = "") -> None:
    """Put the table between the marks of a document: `<!-- bench -->`, or `<!-- bench: part -->`, and its end."""
    text = document.read_text(encoding="utf-8")
    mark = f"bench: {part}" if part else "bench"
    marked = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- end of bench -->)", re.DOTALL)
    document.write_text(marked.sub(lambda part: f"{part[1]}{table}\n{part[2]}", text), encoding="utf-8")
