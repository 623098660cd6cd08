"""The command line: `python3 -m cluster COMMAND`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cluster import existing, folder_images, gateway, images, lifecycle, status
from cluster.errors import ClusterError
from cluster.paths import ADMIN_KUBECONFIG
from cluster.processes import log_file
from cluster.say import say
from cluster.supervise import ALL_NAMES


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m cluster", description="A real single-node Kubernetes, locally.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    up = command("up", _up, "bring the cluster up, or what is missing of it")
    up.add_argument("--yes", action="store_true", help="use a cluster that is not local without asking")
    down = command("down", _down, "stop the cluster and delete its state")
    down.add_argument("--keep", action="store_true", help="keep the state for the next `up`")
    command("status", _status, "show what runs and whether it is well")
    command("images", _images, "build the project's images, and print their names")
    image = command("image", _image, "build the Dockerfile of a folder (one of the tests' servers), and print its name")
    image.add_argument("folder", type=Path)
    command("gateway", _gateway, "install a Gateway API controller (minutes the first time), for tests of routes")
    command("kubeconfig", _kubeconfig, "print the path of the administrator's kubeconfig")
    logs = command("logs", _logs, "show a component's log")
    logs.add_argument("component", choices=ALL_NAMES)
    logs.add_argument("-f", "--follow", action="store_true", help="go on as it grows")
    load = command("load", _load, "bring an image from buildah's storage (or `base`) into the cluster")
    load.add_argument("image")
    return parser


def _up(arguments: argparse.Namespace) -> int:
    if existing.is_wanted():
        existing.verify(agreed=arguments.yes or os.environ.get("MOORING_YES") == "1")
    else:
        lifecycle.up()
    return 0


def _down(arguments: argparse.Namespace) -> int:
    if existing.is_wanted():
        say("MOORING_CLUSTER=existing: your cluster is not ours to stop")
    else:
        lifecycle.down(keep=arguments.keep)
    return 0


def _status(_: argparse.Namespace) -> int:
    if existing.is_wanted():
        existing.verify(agreed=True)
        return 0
    return 0 if status.status() else 1


def _images(_: argparse.Namespace) -> int:
    references = existing.images() if existing.is_wanted() else images.build()
    for target, reference in references.items():
        print(f"{target}={reference}")
    return 0


def _image(arguments: argparse.Namespace) -> int:
    print(folder_images.build_folder(arguments.folder))
    return 0


def _kubeconfig(_: argparse.Namespace) -> int:
    if existing.is_wanted():
        print(existing.kubeconfig())
        return 0
    if not ADMIN_KUBECONFIG.exists():
        raise ClusterError("the cluster is not up; first: python3 -m cluster up")
    print(ADMIN_KUBECONFIG)
    return 0


def _gateway(_: argparse.Namespace) -> int:
    gateway.install()
    return 0


def _logs(arguments: argparse.Namespace) -> int:
    file = log_file(arguments.component)
    if not file.exists():
        raise ClusterError(f"{arguments.component} has no log: it was never started")
    follow = ["-F"] if arguments.follow else []
    return subprocess.run(["tail", "-n", "+1", *follow, file], check=False).returncode


def _load(arguments: argparse.Namespace) -> int:
    if arguments.image == "base":
        print(images.load_base())
    else:
        images.load(arguments.image)
    return 0


def main() -> int:
    """Run the command and return its exit status; what went wrong is said in one message, without a traceback."""
    arguments = _parser().parse_args()
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read the answer (`status | head`) has read enough; flushing at exit must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
