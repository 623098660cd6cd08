"""`python -m demo`: see the loop once, on a cluster that has Mooring (`make demo` brings both)."""

from __future__ import annotations

import sys

from cluster.errors import ClusterError
from demo.errors import DemoFailed
from demo.place import check_installed
from demo.say import elapsed
from demo.story import tell


def main() -> int:
    """Tell the story; the status is 0 only if every step worked."""
    try:
        tell()
    except (DemoFailed, ClusterError) as error:
        print(f"\nThe demonstration failed after {elapsed():.0f} s: {error}", file=sys.stderr)
        _show_more(error)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; what it made so far stays, and the next `make demo` begins anew", file=sys.stderr)
        return 130
    return 0


def _show_more(error: DemoFailed | ClusterError) -> None:
    """Print where to look, and whether the operator is gone, which explains any step that never ends."""
    for command in error.look_at if isinstance(error, DemoFailed) else ():
        print(f"  to see more: {command}", file=sys.stderr)
    try:
        check_installed()
    except (DemoFailed, ClusterError) as missing:
        if str(missing) != str(error):
            print(f"  besides: {missing}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
