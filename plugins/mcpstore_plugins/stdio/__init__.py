"""The stdio transport: services that are processes on this machine and speak JSON lines on stdin and stdout.

The engine for the messages is `mcpstore.wire.JsonLines`; what is here is the supervised process around it: how it is
found, started, watched and, with everything it started, ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcpstore.hooks import Transport, hookimpl

__all__ = ["mcpstore_transports"]


@hookimpl
def mcpstore_transports() -> Iterator[Transport[Any]]:
    """Offer the transport `stdio`."""
    # Late: loading the plugin for a listing needs neither pydantic nor the engine.
    from mcpstore_plugins.stdio.connection import connect  # noqa: PLC0415 - see above
    from mcpstore_plugins.stdio.launchers import handshake_timeout  # noqa: PLC0415 - see above
    from mcpstore_plugins.stdio.orphans import reap  # noqa: PLC0415 - see above
    from mcpstore_plugins.stdio.settings import StdioSettings  # noqa: PLC0415 - see above

    yield Transport(
        name="stdio",
        config=StdioSettings,
        connect=connect,
        is_local=True,
        handshake_timeout=handshake_timeout,
        reap=reap,
    )
