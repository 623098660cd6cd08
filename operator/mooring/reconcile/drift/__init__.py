"""Watching one version for a DriftPolicy: from what pods counted to the evidence that its plan is given. Pure.

`reference` holds what a pod counts against what training counted (the `basis`); `tally` reads a pod's interval, `told`
takes it once, `watch` is the state, `close` tests what is complete, of all rows and, with `parts`, of segments, which
`sliced` and `truths` find in what was counted. `findings` and `sentences` say which inequality fired; `seen` is what
plans are given, `kept` and `tape` are what lies in the cluster, `replay` tests the tape again.
"""
