"""Follow the configuration file: a valid change restarts the process, a mistake is said and changes nothing.

A restart costs nothing (it writes nothing), so there is one way to take in a configuration: at the start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from mooring.api.config import OperatorConfig
from mooring.control import config
from mooring.control.errors import ConfigError
from mooring.control.metrics import Metrics

logger = logging.getLogger(__name__)

LOOK_SECONDS = 10.0


async def follow(path: str, current: OperatorConfig, metrics: Metrics, restart: Callable[[], None]) -> None:
    """Look at the file now and then, for ever; call `restart` once it says something else that is valid."""
    said = ""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        wrong = _look(path, current, restart)
        metrics.config_errors.set(1 if wrong else 0)
        if wrong and wrong != said:
            logger.error("the new configuration cannot be used, the old one stays: %s", wrong)
        said = wrong


def _look(path: str, current: OperatorConfig, restart: Callable[[], None]) -> str:
    """Return what is wrong with the file; empty when it can be used."""
    try:
        found = config.load(path)
    except ConfigError as error:
        return str(error)
    if found != current:
        logger.info("the configuration has changed: restarting")
        restart()
    return ""
