"""Mooring's edge runner: one compiled model over the Open Inference Protocol (version 2)."""
