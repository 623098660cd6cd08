"""Can rows that users sent be told from rows of the training data? The ledger sees each feature alone; this, rows.

`captured` draws rows from what serving pods wrote, `matrix` makes numbers of them, `telling` learns and judges, `run`
carries an order out. Only aggregates leave the process: no log, report or error has a value of a row.
"""
