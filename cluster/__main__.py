"""The command line: `python3 -m cluster COMMAND`."""

import sys

from cluster.lifecycle import up, down
from cluster.errors import ClusterError
try:
    {"up": up, "down": lambda: down(keep=False)}[sys.argv[1]]()
except ClusterError as e:
    print(e, file=sys.stderr); sys.exit(1)
