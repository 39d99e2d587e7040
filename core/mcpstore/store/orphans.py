"""What a killed manager left is ended before anything is started."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from mcpstore.errors import CloseFailed
from mcpstore.hooks.orphans import Orphans
from mcpstore.hooks.transport import Transport
from mcpstore.plugin_manager import PluginManager
from mcpstore.plugin_manager.loaded_plugin import describe_error
from mcpstore.runtime.ownership import OwnershipLog

__all__ = ["reap_lost"]

_log = logging.getLogger("mcpstore.store")


async def reap_lost(plugins: PluginManager, traces: OwnershipLog) -> list[str]:
    """End what managers of this configuration left that are no more, and return what that was, in words.

    To be called by the owner of the state directory only: a store that runs beside another, or passes by, has nothing
    to clear away. What cannot be ended is logged, and looked for again by the next manager.
    """
    lost = Orphans(is_orphaned=traces.is_lost, records=await asyncio.to_thread(traces.read_lost))
    told: list[str] = []
    is_over = True
    transports: dict[str, Transport[Any]] = dict(plugins.offers("transport"))
    for transport in transports.values():
        if transport.reap is None:
            continue
        try:
            told += await transport.reap(lost)
        except CloseFailed as error:
            is_over = False
            _log.error("%s", error)
        except Exception as error:  # noqa: BLE001 - a plugin that fails here must not keep the store from opening
            is_over = False
            _log.warning(
                "transport %r, while looking for what a killed manager left, %s", transport.name, describe_error(error)
            )
    if is_over:
        await asyncio.to_thread(traces.erase_lost)
    if told:
        _log.warning("a manager that was killed had left something, which was ended: %s", ", ".join(told[:20]))
    return told
