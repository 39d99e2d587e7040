"""`python -m mcpstore.testing.fault_server`."""

import sys

from mcpstore.testing.fault_server.options import parse

if __name__ == "__main__":
    options = parse(sys.argv[1:])
    if options.http is not None or options.sse is not None:
        from mcpstore.testing.fault_server.http import serve  # a server on stdin needs no sockets
    elif options.tcp is not None or options.unix is not None:
        from mcpstore.testing.fault_server.sockets import serve
    else:
        from mcpstore.testing.fault_server.stdio import serve
    serve(options)
