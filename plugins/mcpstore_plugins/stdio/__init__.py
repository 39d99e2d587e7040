"""Transport `stdio`: a service runs as a process on this machine and exchanges JSON lines on stdin and stdout.

The message engine is `mcpstore.wire.JsonLines`. This package supervises the process: it resolves the command, starts
it, watches it, and terminates it together with everything it started.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcpstore.hooks import Transport, hookimpl

__all__ = ["mcpstore_transports"]


@hookimpl
def mcpstore_transports() -> Iterator[Transport[Any]]:
    """Return the transport `stdio`."""
    # Imported here: listing the plugin needs neither pydantic nor the engine.
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
