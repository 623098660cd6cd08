"""Start the operator: `python -m mooring.control --help`."""

from __future__ import annotations

import sys

from mooring.control.main import main

sys.exit(main())
