"""`python -m mooring.control`: read the settings, run the operator, say how it ended."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import uvloop

from mooring.api.config import OperatorConfig
from mooring.control import config, login, logs
from mooring.control.client import Client
from mooring.control.errors import ConfigError
from mooring.control.process import Operator
from mooring.control.settings import Settings, parse
from mooring.reconcile.plan import Planner

logger = logging.getLogger(__name__)

MISTAKEN = 2
"""Exit status of a configuration that cannot be used."""


def main(arguments: Sequence[str] | None = None, planners: Iterable[Planner] | None = None) -> int:
    """Run the operator and return its exit status; `planners` are Mooring's own unless given."""
    settings = parse(arguments)
    logs.setup(settings.log_format, settings.log_level)
    try:
        chosen = config.load(settings.config)
        return uvloop.run(_run(settings, chosen, _mooring_planners() if planners is None else planners))
    except ConfigError as error:
        logger.error("the configuration cannot be used: %s", error)  # the sentence says it all
        return MISTAKEN


async def _run(settings: Settings, chosen: OperatorConfig, planners: Iterable[Planner]) -> int:
    client = Client(await login.load(settings.kubeconfig, settings.context))
    return await Operator(settings, chosen, planners, client).run()


def _mooring_planners() -> Iterable[Planner]:
    from mooring.reconcile.planners import PLANNERS

    return PLANNERS
