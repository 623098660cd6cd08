"""The ledger: what a serving pod has seen, as whole counts that add up across pods and subtract across time.

`layout` says which cell counts what, `binner` turns rows into cells, `book` is the pod's ledger with its sealed
intervals, `wire` is how they travel, `merge` adds and subtracts them, `fold` takes each exactly once on the reader's
side, `stratum` is the outcome of a prediction whose truth came.

Who reads needs no numpy: only `binner`, `book` and `packed` import it.
"""
