"""Rows that were predicted, kept for the next training: a sample of the requests, and the truths told of them.

On the path of a request `sample` decides by a hash, and references of the sampled ones are kept in `waiting`, bounded.
`part` makes compressed files of them, and `writer` puts these into a store in a thread, every minute and at the end.
"""

from mooring.serving.capture.capture import Capture

__all__ = ["Capture"]
