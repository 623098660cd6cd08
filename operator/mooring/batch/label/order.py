"""What somebody wants joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from mooring.batch.order import Format

BY_ID, BY_REQUEST = "id", "request"
KEY_COLUMNS = {BY_ID: ("prediction_id", "id"), BY_REQUEST: ("request_id", "id")}
"""What a column of keys is called where nobody says; the first that is there."""
ROW = "row"
TRUTH = "truth"


@dataclass(frozen=True)
class LabelOrder:
    """One join of what a ModelDeployment captured."""

    captured: str
    """The folder of the ModelDeployment's own, a path or a URI."""
    output: str
    """A folder of its own."""
    truth: str | None = None
    """A file or a folder of files with ground truth; None: what was told online."""
    key: str = BY_ID
    """What the table's truths are keyed by: `id`, `request`, or a column with callers' own request ids."""
    truth_column: str | None = None
    """None: the model's target, or else `truth`."""
    form: Format | None = None
    """Of the table; None: by the files' endings."""
    feedback: str | None = None
    """The address of the endpoint that is told the table's truths; None: nobody is."""
    since: date | None = None
    """The first day of predictions; None: all there are."""
    version: str | None = None
    """Only its rows; None: every version's."""
    everything: bool = False
    """Also rows without a truth, and those of shadows and testers."""
    plain: bool = False
    """Only features and truth, as the training data has them."""

    @property
    def by_id(self) -> bool:
        """Whether the table has prediction ids."""
        return self.key == BY_ID


@dataclass(frozen=True)
class Credentials:
    """What opens the stores, by CREDENTIAL_KEYS, and what the feedback endpoint wants to be shown."""

    captured: Mapping[str, str] = field(default_factory=dict)
    truth: Mapping[str, str] = field(default_factory=dict)
    output: Mapping[str, str] = field(default_factory=dict)
    feedback_key: str | None = None
