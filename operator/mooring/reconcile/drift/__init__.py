"""Watching one version for a DriftPolicy: from what pods counted to the evidence that its plan is given. Pure.

`reference` holds what a pod counts against what training counted, `tally` takes a pod's interval, `watch` brings pods
and restarts together and tests what closes, `seen` says what is known, `kept` and `tape` say where it is kept.
"""
