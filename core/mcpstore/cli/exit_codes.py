"""Exit codes of the `mcpstore` command, and how errors become them."""

from __future__ import annotations

from enum import IntEnum

from mcpstore import errors

__all__ = ["Exit", "exit_code"]


class Exit(IntEnum):
    """What the command says to scripts when it ends."""

    OK = 0
    """Everything asked for was done."""
    FAILED = 1
    """A service could not be used, a tool failed, a check found something wrong."""
    USAGE = 2
    """The command was not understood."""
    CONFIG = 3
    """The configuration is wrong; nothing was changed."""
    NOT_FOUND = 4
    """There is no such service, tool or plugin."""
    NO_MANAGER = 5
    """No manager is running, and this cannot be done without one."""
    INTERRUPTED = 130
    """Ctrl-C."""


def exit_code(error: errors.MCPStoreError) -> Exit:
    """Return the exit code that an error leads to."""
    if isinstance(error, errors.ManagerNotRunning):
        return Exit.NO_MANAGER
    if isinstance(error, errors.InvalidArgument):
        return Exit.USAGE
    if isinstance(error, errors.ConfigError):
        return Exit.CONFIG
    if isinstance(error, errors.NotFound | errors.UnknownPlugin):
        return Exit.NOT_FOUND
    return Exit.FAILED
