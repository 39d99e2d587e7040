"""Requirements on a transport."""

from __future__ import annotations

from mcpstore.testing.suites.transport.ending import EndingChecks
from mcpstore.testing.suites.transport.failing import FailingChecks
from mcpstore.testing.suites.transport.news import NewsChecks
from mcpstore.testing.suites.transport.opening import OpeningChecks
from mcpstore.testing.suites.transport.requests import RequestChecks

__all__ = ["TransportSuite"]


class TransportSuite(OpeningChecks, FailingChecks, RequestChecks, NewsChecks, EndingChecks):
    """Checks of a transport.

    The server is the fault server, or another one with the tools of `mcpstore.testing.reference`.

    Example:
        ::

            class TestTcp(TransportSuite):
                plugin = mcpstore_tcp
                name = "tcp"

                @asynccontextmanager
                async def serving(self, *faults):
                    async with fault_process("--tcp", 0, *faults) as server:
                        yield {"host": "127.0.0.1", "port": server.port}

                def nowhere(self):
                    return {"host": "127.0.0.1", "port": 1}
    """
