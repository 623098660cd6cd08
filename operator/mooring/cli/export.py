"""`mooring export`: a model that serves by itself, where there is no cluster."""

from __future__ import annotations

import argparse
from pathlib import Path

from mooring.api.wire import ARTIFACT_PREFIX, EXIT_USER
from mooring.artifact.errors import ArtifactError, StoreError
from mooring.artifact.location import credentials_from_env


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to `mooring`."""
    parser = commands.add_parser(
        "export",
        help="write a folder that serves the model by itself",
        description="Writes a folder with the compiled model and a tiny server: python serve.py --port 8080.",
    )
    parser.add_argument("model", help="the artifact's folder, a path or a URI")
    parser.add_argument("--to", required=True, type=Path, metavar="DIR", help="the folder to write")
    parser.add_argument("--digest", help="refuse an artifact whose digest is another one (sha256:…)")
    parser.add_argument("--version", help="what answers call the version; by default the model and its digest")
    parser.set_defaults(command=export)


def export(arguments: argparse.Namespace) -> int:
    """Export, say how to start it, and return the exit status."""
    # Not before: it brings numpy with it.
    from mooring.edge.export import CannotExport
    from mooring.edge.export import export as write

    credentials = credentials_from_env(ARTIFACT_PREFIX) or credentials_from_env("")
    try:
        made = write(arguments.model, credentials, arguments.to, digest=arguments.digest, version=arguments.version)
    except (CannotExport, ArtifactError, StoreError) as error:
        print(f"error: {error}")
        return EXIT_USER
    print(f"{made.version} of {made.digest} is in {arguments.to}")
    print(f"needs {', '.join(made.needs) or 'the standard library alone'}; start it: python {arguments.to}/serve.py")
    return 0
