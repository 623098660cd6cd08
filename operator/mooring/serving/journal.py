"""What a version keeps account with, wired: the ledger, who writes into it, and when it is sealed."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from mooring.api.wire import ID_KEY_VARIABLE, SERVING_PORT, ServeOrder
from mooring.ledger.binner import Binner, Strata
from mooring.ledger.book import Ledger
from mooring.ledger.interval import Stream
from mooring.ledger.profile import Profile
from mooring.serving.capture import Capture
from mooring.serving.capture.capture import Pod
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
from mooring.serving.shadow.watch import Stable, Watch
from mooring.serving.slices import slicer_of
from mooring.serving.truths import Outcomes, Truths


@dataclass(frozen=True)
class Journal:
    """One version's account of itself."""

    ledger: Ledger
    recorder: Recorder
    feedback: FeedbackEndpoint
    sealing: Sealing
    profile: Profile | None
    watch: Watch | None
    """None: this pod shares no key with others, so answers cannot be compared."""
    capture: Capture | None
    """None: no row is kept."""

    @classmethod
    def of(
        cls, order: ServeOrder, loaded: Loaded, heads: Heads, environment: Mapping[str, str] = os.environ
    ) -> Journal:
        """Return an empty one; raises CannotServe (InvalidOrder) for a bad key."""
        manifest, profile = loaded.manifest, loaded.profile
        scoring = Scoring.of(manifest, profile)
        pod = environment.get("HOSTNAME", "") or "localhost"
        stream = Stream(order.model, order.version, pod[:253], secrets.token_hex(8))
        strata = scoring.strata if scoring else Strata()
        slicer = slicer_of(manifest, profile, strata) if scoring else None
        binner = Binner(references(manifest, profile), strata, slicer.sliced if slicer else ())
        ledger = Ledger(binner, stream)
        key, shared = _key(environment)
        ids = Ids(key, Identity(order.model, order.version, scoring.outcomes if scoring else ""))
        capture = _capture(Pod(order, manifest, stream.pod), key, scoring, environment)
        truths = Truths(ledger, Outcomes(scoring.codes if scoring else {}))
        peers = Peers.from_environment(environment, SERVING_PORT)
        recorder = Recorder(ledger, ids, scoring, [feature.name for feature in manifest.features], slicer)
        recorder.capture = capture
        watch = Watch(key, ledger, scoring, _stable(environment)) if shared and scoring else None
        if watch is not None:
            watch.attach(recorder)
        return cls(
            ledger=ledger,
            recorder=recorder,
            feedback=FeedbackEndpoint(f"/v2/models/{quote(order.model)}/feedback", ids, truths, heads, peers, capture),
            sealing=Sealing(ledger),
            profile=profile,
            watch=watch,
            capture=capture,
        )

    def start(self) -> None:
        """Seal and write in their time from now on."""
        self.sealing.start()
        if self.capture is not None:
            self.capture.writer.start()

    async def finish(self) -> None:
        """Seal and write what came last."""
        await asyncio.gather(self.sealing.finish(), *([self.capture.writer.finish()] if self.capture else []))

    def metrics(self) -> list[Metric]:
        """Return what was counted so far."""
        ledger = self.ledger
        stream = ledger.stream
        found = ledger_metrics(ledger.layout, ledger.totals(), stream.model, stream.version)
        labels = {"model": stream.model, "version": stream.version}
        if self.capture is not None:
            found += self.capture.metrics(labels)
        if self.watch is not None:
            about = "Mirrored requests whose other answer did not come to be compared."
            found.append(
                Metric("mooring_shadow_unpaired_total", "counter", about, [(labels, self.watch.pairs.unpaired)])
            )
        return found


def _capture(pod: Pod, key: bytes, scoring: Scoring | None, environment: Mapping[str, str]) -> Capture | None:
    if pod.order.capture is not None and scoring is None:
        event("no row is captured: this model's answers have no prediction ids, by which truths would find them")
    return Capture.of(pod, key, scoring, environment) if scoring else None


def _stable(environment: Mapping[str, str]) -> Stable | None:
    try:
        return Stable.from_environment(environment)
    except ValueError as error:
        raise CannotServe("InvalidOrder", str(error)) from None


def _key(environment: Mapping[str, str]) -> tuple[bytes, bool]:
    try:
        key, given = key_from(environment)
    except ValueError as error:
        raise CannotServe("InvalidOrder", str(error)) from None
    if not given:
        event(f"{ID_KEY_VARIABLE} is not set: prediction ids are good for this process only")
    return key, given
