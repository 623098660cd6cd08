"""Traffic by Envoy pods of the ModelDeployment's own: no control plane, the configuration is files of a ConfigMap.

A split is put into force in three steps, each safe to repeat: `Envoy.objects` (the ConfigMap), `nudges` (the kubelets
look at once), and reading from every pod that it has taken it over (`counts.agree`). Before that no weight is realised.
An arm that a proxy has found no pods of must not get requests: `Split.among(in_force.arms)` introduces it first.
"""

from mooring.reconcile.traffic.envoy.files import version_of
from mooring.reconcile.traffic.envoy.pods import envoy_name, nudges
from mooring.reconcile.traffic.envoy.provider import Envoy, kept_pod

__all__ = ["Envoy", "envoy_name", "kept_pod", "nudges", "version_of"]
