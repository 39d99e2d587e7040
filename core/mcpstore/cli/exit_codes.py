"""Exit codes of the `mcpstore` command, and the code of each error."""

from __future__ import annotations

from enum import IntEnum

from mcpstore import errors

__all__ = ["Exit", "exit_code"]


class Exit(IntEnum):
    """Exit code of the command, for scripts."""

    OK = 0
    """The command did what was requested."""
    FAILED = 1
    """A service is not available, a tool failed, or a check found a problem."""
    USAGE = 2
    """The command line is wrong."""
    CONFIG = 3
    """The configuration is invalid; nothing was changed."""
    NOT_FOUND = 4
    """The service, tool or plugin does not exist."""
    NO_MANAGER = 5
    """The command needs a running manager, and there is none."""
    INTERRUPTED = 130
    """The command was interrupted with Ctrl-C."""


def exit_code(error: errors.MCPStoreError) -> Exit:
    """Return the exit code for an error."""
    if isinstance(error, errors.ManagerNotRunning):
        return Exit.NO_MANAGER
    if isinstance(error, errors.InvalidArgument):
        return Exit.USAGE
    if isinstance(error, errors.ConfigError):
        return Exit.CONFIG
    if isinstance(error, errors.NotFound | errors.UnknownPlugin):
        return Exit.NOT_FOUND
    return Exit.FAILED
