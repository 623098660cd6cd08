"""What is seen, asked in the words of the state machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mooring.api.modeldeployment import ModelDeploymentSpec
from mooring.api.rolloutstatus import Arm, Previous
from mooring.reconcile.modeldeployment.capacity import WHOLE
from mooring.reconcile.modeldeployment.identity import Identity
from mooring.reconcile.modeldeployment.providers import Provider, provider_of
from mooring.reconcile.modeldeployment.rollout import identity_of
from mooring.reconcile.modeldeployment.seen import ChildSeen, Seen
from mooring.reconcile.observed import Foretold, Judgement, TrafficSeen
from mooring.reconcile.pods import read_pod

UNOBSERVED = timedelta(seconds=1)
"""Times in status have whole seconds: what was read within one of a change may be older than the change."""
FRESH = timedelta(seconds=120)
"""Evidence that ends before this does not show that a version is no worse now."""


class Sight:
    """What is seen of one ModelDeployment at one moment."""

    def __init__(self, seen: Seen, now: datetime) -> None:
        self.seen = seen
        self.now = now.replace(microsecond=0)
        """As status keeps times: in whole seconds."""
        self._traffic = self._accepted(now)

    @property
    def spec(self) -> ModelDeploymentSpec:
        """What is asked for."""
        return self.seen.deployment.spec

    @property
    def provider(self) -> Provider:
        """Who leads users."""
        return provider_of(self.spec, self.seen.config)

    @property
    def replicas(self) -> int:
        """Pods that carry everything."""
        return self.spec.replicas

    @property
    def traffic(self) -> TrafficSeen | None:
        """What is in force, read after the last change; None where that is not known."""
        return self._traffic

    @property
    def trouble(self) -> str | None:
        """What the provider complains of."""
        told = self.seen.traffic
        return told.trouble if told is not None else None

    @property
    def proxies_ready(self) -> bool:
        """Tell whether any pod that divides traffic takes requests."""
        return any(read_pod(pod).ready and "deletionTimestamp" not in pod["metadata"] for pod in self.seen.proxies)

    def arm(self, identity: Identity) -> str:
        """Return the name of an arm's child Deployment."""
        return identity.child_name(self.seen.deployment.metadata.name)

    def child(self, identity: Identity) -> ChildSeen | None:
        """Return an arm's child Deployment."""
        return self.seen.children.get(self.arm(identity))

    def pods(self, identity: Identity) -> int:
        """Return how many pods an arm is asked to have."""
        child = self.child(identity)
        return child.replicas if child is not None else 0

    def ready(self, identity: Identity) -> int:
        """Return how many pods of an arm answer."""
        child = self.child(identity)
        return child.ready if child is not None else 0

    def has_capacity(self, identity: Identity, pods: int) -> bool:
        """Tell whether an arm has so many pods, and all of them answer."""
        child = self.child(identity)
        return child is not None and not child.deleting and child.replicas >= pods and child.ready >= pods

    def asked(self, identity: Identity) -> int:
        """Return the share that was last asked for."""
        told = self.seen.deployment.status.traffic
        arm = self.arm(identity)
        return next((item.weight for item in told.split if item.arm == arm), 0) if told is not None else 0

    def applied(self, identity: Identity) -> int | None:
        """Return the share that is in force, or None where that is not known."""
        if self._traffic is None or self._traffic.applied is None:
            return None
        return self._traffic.applied.get(self.arm(identity), 0)

    def current(self, identity: Identity) -> int:
        """Return the share that an arm has, as far as is known."""
        applied = self.applied(identity)
        return self.asked(identity) if applied is None else applied

    def is_off(self, identity: Identity) -> bool:
        """Tell whether nobody is led to an arm, for sure: nothing was asked for it, and that is in force."""
        return self.asked(identity) == 0 and self.applied(identity) == 0 and not self._is_routed(self.arm(identity))

    def _is_routed(self, arm: str) -> bool:
        """Tell whether the users' Service may lead to an arm's pods, past any proxy; not knowing counts as yes."""
        if self.seen.routed is None or self.seen.selected == arm:
            return True
        return any(pod.name in self.seen.routed for pod in self.seen.pods.get(arm, []))

    def is_found(self, identity: Identity) -> bool:
        """Tell whether whoever leads users knows of an arm's pods.

        That they are ready is not enough: the last look may be from before, and a proxy finds them a moment later.
        """
        return self._traffic is not None and (self._traffic.found is None or self.arm(identity) in self._traffic.found)

    def in_force(self, identity: Identity, share: int, shadow: int = 0) -> bool:
        """Tell whether what was asked for an arm is in force."""
        if self._traffic is None or self.applied(identity) is None or self.asked(identity) != share:
            return False
        applied = self.applied(identity)
        near = self._traffic.approximate and 0 < share < WHOLE and applied not in (0, WHOLE)
        return (near or applied == share) and self._traffic.shadow.get(self.arm(identity), 0) == shadow

    def judgement(self, stable: Arm | Previous | None, canary: Arm | None) -> Judgement | None:
        """Return what the judge says of two arms, where it speaks of these."""
        judged = self.seen.judgement
        if judged is None or stable is None or canary is None:
            return None
        both = (self.arm(identity_of(stable)), self.arm(identity_of(canary)))
        before = judged.since is None or judged.since < canary.started_at  # of an earlier try of the same version
        return judged if (judged.stable, judged.canary) == both and not before else None

    def forecast(self, stable: Arm | None, canary: Arm | None) -> Foretold | None:
        """Return what the steps can show, where it was made out for this try of these arms."""
        told = self.seen.forecast
        if told is None or stable is None or canary is None or told.at < canary.started_at:
            return None
        both = (self.arm(identity_of(stable)), self.arm(identity_of(canary)))
        return told if (told.stable, told.canary) == both else None

    def is_proven(self, judged: Judgement, since: datetime | None) -> bool:
        """Tell whether a canary is shown to be no worse, in the step that came in force then, by evidence of now."""
        through = datetime.fromtimestamp(judged.decision.through / 1000, UTC)
        return judged.decision.verdict == "NoWorse" and judged.since == since and self.now - through <= FRESH

    def waited(self, since: datetime | None) -> float:
        """Return seconds since a moment."""
        return (self.now - since).total_seconds() if since is not None else 0.0

    def _accepted(self, now: datetime) -> TrafficSeen | None:
        found = self.seen.traffic if self.provider in ("Envoy", "Gateway") else _by_service(self.seen, now)
        asked = self.seen.deployment.status.traffic
        if found is None or found.applied is None:
            return None
        return found if asked is None or found.at >= asked.since + UNOBSERVED else None


def _by_service(seen: Seen, now: datetime) -> TrafficSeen | None:
    """Return where the users' Service leads: by its selector, and by the endpoints that follow it."""
    if seen.routed is None:
        return None
    arms = [arm for arm, pods in seen.pods.items() for pod in pods if pod.name in seen.routed]
    if seen.selected is not None and set(arms) <= {seen.selected}:
        return TrafficSeen(at=now, applied={seen.selected: WHOLE})
    named = set(arms) | ({seen.selected} if seen.selected is not None else set())
    shares = {arm: WHOLE * arms.count(arm) // max(1, len(arms)) for arm in named}
    applied = {arm: min(max(share, 1), WHOLE - 1) for arm, share in shares.items()}
    return TrafficSeen(at=now, applied=applied, approximate=True)
