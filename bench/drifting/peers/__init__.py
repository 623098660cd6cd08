"""Other detectors of drift on the same streams. Each module runs in the environment of its peer, as exchange.py has it.

They import nothing of Mooring, and of bench only what needs no more than numpy.
"""
