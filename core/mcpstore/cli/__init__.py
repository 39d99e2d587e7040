"""The `mcpstore` command."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process."""
    from mcpstore.cli import alerts, app, config, control, doctor, reports, run, services, tools  # noqa: PLC0415 - slow to import

    assert all((alerts, control, doctor, config, run, reports, services, tools))  # noqa: S101 - imported for the commands that they register
    try:
        app.app()
    except BrokenPipeError:  # the reader of our output has closed the pipe
        sys.stderr.close()
        sys.exit(0)
