"""DriftPolicy: from evidence to a request that says why, held by guards or asked of others. Pure."""

from mooring.reconcile.driftpolicy.explain import explain
from mooring.reconcile.driftpolicy.planner import DriftPolicyPlanner
from mooring.reconcile.driftpolicy.seen import Seen

__all__ = ["DriftPolicyPlanner", "Seen", "explain"]
