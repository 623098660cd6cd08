"""`python -m demo`: see the loop once, on a cluster that has Mooring (`make demo` brings both)."""

from __future__ import annotations

import sys

from cluster.errors import ClusterError
from demo.errors import DemoFailed
from demo.say import elapsed
from demo.story import tell


def main() -> int:
    """Tell the story; the status is 0 only if every step worked."""
    try:
        tell()
    except (DemoFailed, ClusterError) as error:
        print(f"\nThe demonstration failed after {elapsed():.0f} s: {error}", file=sys.stderr)
        for command in getattr(error, "look_at", ()):
            print(f"  to see more: {command}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; what it made so far stays, and the next `make demo` begins anew", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
