"""Asking proxies what they have in force and what they counted: the small I/O beside `reconcile.traffic`."""

from mooring.control.traffic.proxies import read_all, read_one

__all__ = ["read_all", "read_one"]
