"""The operator without the planner of ModelDeployments: a test says what serves, where no pod can."""

from __future__ import annotations

import sys

from mooring.control.main import main
from mooring.reconcile.planners import PLANNERS

if __name__ == "__main__":
    sys.exit(main(planners=[planner for planner in PLANNERS if planner.kind != "ModelDeployment"]))
