"""How a shadow learns what the stable answered: a router that mirrors requests throws the second answer away.

Both see the same id of the request and the same body, and name the pair by a hash of them under the key that the pods
of a deployment share. A stable pod that is asked for it keeps its last answers in short; the shadow fetches them every
second, and counts in the ledger which of its own answers are others. Whatever cannot be paired in time is no evidence.
"""
