"""`python -m mcpstore.testing.fault_server`."""

import sys

from mcpstore.testing.fault_server.options import Options, parse


def main(options: Options) -> None:
    """Serve as the options say; each way is loaded only where it is wanted."""
    if options.http is not None or options.sse is not None:
        from mcpstore.testing.fault_server.http import serve  # noqa: PLC0415
    elif options.tcp is not None or options.unix is not None:
        from mcpstore.testing.fault_server.sockets import serve  # noqa: PLC0415
    else:
        from mcpstore.testing.fault_server.stdio import serve  # noqa: PLC0415
    serve(options)


if __name__ == "__main__":
    main(parse(sys.argv[1:]))
