"""A real single-node Kubernetes for demos, tests and CI, with no container engine and no image registry.

Only the standard library is used: this package runs with the system's Python before any virtual environment
exists. `docs/cluster.md` says what runs and where; `python3 -m cluster --help` says how to drive it.
"""
