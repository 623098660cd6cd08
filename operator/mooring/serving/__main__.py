"""`python -m mooring.serving`: serve one model version until told to end.

The exit status is 0 after a drain, 42 for what no restart can help, 1 otherwise; the reason is in the log and in the
pod's termination message.
"""

from __future__ import annotations

import logging
import os
import sys

import uvloop

from mooring.serving.ending import run
from mooring.serving.lifecycle import serve
from mooring.serving.settings import Settings

if __name__ == "__main__":
    status = run(lambda: uvloop.run(serve(Settings.from_environment(os.environ))))
    logging.shutdown()
    sys.stdout.flush()
    os._exit(status)  # threads that still load or compute must not hold the end up
