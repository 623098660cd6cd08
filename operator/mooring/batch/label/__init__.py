"""Captured rows joined with their truths: Parquet to learn from, and truths in bulk for the ledger.

`order` says what is wanted. `captured` reads what serving pods wrote, `table` the user's ground truth; `truth` reads
its values, `matching` finds the predictions that they are of, `index` holds on disk what must be looked up. `joining`,
`schema` and `sink` write rows by day, `teller` tells the deployment. `run` carries an order out, and `report` says what
came of it.
"""
