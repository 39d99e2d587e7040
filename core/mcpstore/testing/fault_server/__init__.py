"""An MCP server with bad manners on request: `python -m mcpstore.testing.fault_server …`.

It is the `ReferenceServer` behind a wire that misbehaves, over stdin and stdout, a TCP or unix socket, streamable HTTP,
or HTTP with server-sent events. Behaviours combine; without any it is a well-behaved server. Nothing but the standard
library, so that it starts in a few dozen milliseconds, and nothing random, so that it does the same each time.

`--help` lists the behaviours; `mcpstore.testing.faults` starts it from tests.
"""
