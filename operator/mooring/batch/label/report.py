"""What a join came to: for the pod's termination message, for people, and beside the rows."""

from __future__ import annotations

from pydantic import Field

from mooring.api.base import Model


class Refusals(Model):
    """Truths that could not be used, and why the first of them."""

    count: int = 0
    example: str | None = None


class TableReport(Model):
    """What became of the rows of a table of ground truth; `matched` and those after `rows` add up to it."""

    rows: int = 0
    matched: int = 0
    """Truths of captured predictions."""
    not_captured: int = 0
    """Of predictions that were not sampled; and of request ids that are not among the captured ones."""
    missing: int = 0
    """Without a truth: not known yet."""
    duplicate: int = 0
    """Told before in the table."""
    contradicting: int = 0
    """Told before in the table, and otherwise: the first one counts."""
    ambiguous: int = 0
    """Of request ids that callers gave to different rows."""
    unknown: int = 0
    """With a prediction id that is none, or a row that it has not."""
    refused: Refusals = Field(default_factory=Refusals)
    """Of a wrong type."""
    late: int = 0
    """Of predictions so long ago that no DriftPolicy waits for them: among those above, and not told."""


class ToldReport(Model):
    """What the deployment said to the table's truths."""

    accepted: int = 0
    duplicate: int = 0
    """Its pods knew them."""
    before: int = 0
    """Told by an earlier join, or online as the captured parts say, and not again."""
    refused: Refusals = Field(default_factory=Refusals)


class LabelSummary(Model):
    """What a join came to."""

    format_version: int = 1
    captured: str
    output: str
    rows: int = 0
    """Captured."""
    labelled: int = 0
    """Of them with a truth."""
    written: int = 0
    files: int = 0
    days: int = 0
    online: int = 0
    """Truths that were told online, each once."""
    unreadable: int = 0
    """Parts that are damaged."""
    table: TableReport | None = None
    told: ToldReport | None = None
    seconds: float = 0.0

    def message(self) -> str:
        """Return it as a termination message: well below the 4096 bytes that Kubernetes keeps."""
        return self.model_dump_json(by_alias=True, exclude_none=True)

    def lines(self) -> list[str]:
        """Return it for people."""
        found = [f"rows      {self.rows} captured, {self.labelled} with a truth; {self.written} written"]
        if self.table is not None:
            found.append(f"table     {_counted(self.table)}")
        found.append(f"online    {self.online} truths")
        if self.told is not None:
            found.append(f"told      {_counted(self.told)}")
        if self.unreadable:
            found.append(f"damaged   {self.unreadable} parts")
        return [*found, f"output    {self.output}: {self.files} files of {self.days} days"]


def _counted(report: TableReport | ToldReport) -> str:
    words: list[str] = []
    for name, value in report:
        if isinstance(value, Refusals):
            words += [f"{value.count} {name} ({value.example})"] if value.count else []
        elif value or not words:
            words.append(f"{value} {name.replace('_', ' ')}")
    return ", ".join(words)
