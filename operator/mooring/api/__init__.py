"""The contract with users and between our processes: the resources as pydantic models, and what is sent to pods.

Depends on pydantic alone, so that the operator, the pods and a laptop can all import it.
"""
