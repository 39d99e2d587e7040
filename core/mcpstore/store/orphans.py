"""Orphans: processes that a killed manager left behind are ended before any service is started."""

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
    """End the orphans of earlier managers of this configuration, and return descriptions of them.

    Only the owner of the state directory calls this: other stores of the configuration leave orphans to it. Orphans
    that cannot be ended are logged, and the next manager tries again.
    """
    lost = Orphans(is_orphaned=traces.is_lost, records=await asyncio.to_thread(traces.read_lost))
    ended: list[str] = []
    is_over = True
    transports: dict[str, Transport[Any]] = dict(plugins.offers("transport"))
    for transport in transports.values():
        if transport.reap is None:
            continue
        try:
            ended += await transport.reap(lost)
        except CloseFailed as error:
            is_over = False
            _log.error("%s", error)
        except Exception as error:  # noqa: BLE001 - a failing plugin must not prevent the store from opening
            is_over = False
            _log.warning(
                "transport %r, while ending what a killed manager left behind, %s",
                transport.name,
                describe_error(error),
            )
    if is_over:
        await asyncio.to_thread(traces.erase_lost)
    if ended:
        _log.warning("ended what a killed manager left behind: %s", ", ".join(ended[:20]))
    return ended
