"""Scoring files: rows through the backends of serving, many at a time, from one store to another.

`order` says what is wanted, `source` reads, `check` refuses what serving would refuse, `scorer` predicts and counts,
`sink` and `parts` write, `run` carries an order out.
"""
