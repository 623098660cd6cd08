"""Rows that were predicted, kept for the next training: opt-in, as they leave the pods."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mooring.api.base import Model, ObjectName, Uri


class Capture(Model):
    """A sample of the predicted rows, written to a store and joined there with what became of them."""

    uri: Uri
    """A folder in an object store; each ModelDeployment has one of its own below it: NAMESPACE/NAME."""
    secret_name: ObjectName | None = None
    """A Secret of this namespace with the same keys as for data. Absent: the pod's own identity."""
    per_mille: Annotated[int, Field(ge=1, le=1000)] = 10
    """The share of requests, in thousandths. A hash of each request says which ones, so that every pod keeps or leaves
    out a repeated one again."""

    def folder(self, namespace: str, name: str) -> str:
        """Return where the rows of a ModelDeployment go."""
        return f"{self.uri.rstrip('/')}/{namespace}/{name}"
