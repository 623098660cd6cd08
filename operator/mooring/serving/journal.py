"""What a version keeps account with, wired: the ledger, who writes into it, and when it is sealed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from mooring.api.wire import ID_KEY_VARIABLE, SERVING_PORT, ServeOrder
from mooring.artifact.profile import Profile
from mooring.ledger.binner import Binner, Strata
from mooring.ledger.book import Ledger
from mooring.ledger.interval import Stream
from mooring.serving.errors import CannotServe
from mooring.serving.feedback import FeedbackEndpoint
from mooring.serving.http import Heads
from mooring.serving.ids import Identity, Ids, key_from
from mooring.serving.ledger_metrics import ledger_metrics
from mooring.serving.load import Loaded
from mooring.serving.log import event
from mooring.serving.metrics import Metric
from mooring.serving.peers import Peers
from mooring.serving.record import Recorder, Scoring, references
from mooring.serving.sealing import Sealing
from mooring.serving.truths import Outcomes, Truths


@dataclass(frozen=True)
class Journal:
    """One version's account of itself."""

    ledger: Ledger
    recorder: Recorder
    feedback: FeedbackEndpoint
    sealing: Sealing
    profile: Profile | None

    @classmethod
    def of(
        cls, order: ServeOrder, loaded: Loaded, heads: Heads, environment: Mapping[str, str] = os.environ
    ) -> Journal:
        """Return an empty one; raises CannotServe (InvalidOrder) for a bad key."""
        manifest, profile = loaded.manifest, loaded.profile
        scoring = Scoring.of(manifest, profile)
        pod = environment.get("HOSTNAME", "") or "localhost"
        stream = Stream(order.model, order.version, pod[:253], secrets.token_hex(8))
        binner = Binner(references(manifest, profile), scoring.strata if scoring else Strata())
        ledger = Ledger(binner, stream)
        ids = Ids(_key(environment), Identity(order.model, order.version, scoring.outcomes if scoring else ""))
        truths = Truths(ledger, Outcomes(scoring.codes if scoring else {}))
        peers = Peers.from_environment(environment, SERVING_PORT)
        return cls(
            ledger=ledger,
            recorder=Recorder(ledger, ids, scoring, [feature.name for feature in manifest.features]),
            feedback=FeedbackEndpoint(f"/v2/models/{quote(order.model)}/feedback", ids, truths, heads, peers),
            sealing=Sealing(ledger),
            profile=profile,
        )

    def metrics(self) -> list[Metric]:
        """Return what was counted so far."""
        ledger = self.ledger
        return ledger_metrics(ledger.layout, ledger.totals(), ledger.stream.model, ledger.stream.version)


def _key(environment: Mapping[str, str]) -> bytes:
    try:
        key, given = key_from(environment)
    except ValueError as error:
        raise CannotServe("InvalidOrder", str(error)) from None
    if not given:
        event(f"{ID_KEY_VARIABLE} is not set: prediction ids are good for this process only")
    return key
