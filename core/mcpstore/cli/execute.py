"""Execution of a command: its exit code, and its errors as text or as JSON."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any, Final, cast

import typer

from mcpstore.cli import output
from mcpstore.cli.exit_codes import Exit, exit_code
from mcpstore.errors import MCPStoreError
from mcpstore.store.commands import error_to_json

__all__ = ["JsonFlag", "execute", "run_command"]

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON, for errors too.")]

UsageError: Final = cast("type[Exception]", typer.BadParameter.__mro__[1])
"""The error for wrong usage; the module that defines it depends on the version of Typer."""


def run_command(work: Callable[[], Coroutine[Any, Any, Exit | None]]) -> None:
    """Run the body of a command and exit with its code."""
    try:
        code = asyncio.run(work()) or Exit.OK
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    raise typer.Exit(code)


def execute(main: Callable[..., Any], words: Sequence[str], **options: Any) -> Any:
    """Execute a command line; an error is printed as a message, without a traceback.

    Args:
        main: The entry point of the Typer application.
        words: The arguments of the command line.
        options: Further keyword arguments for `main`.
    """
    own_words = words[: words.index("--")] if "--" in words else words
    as_json = "--json" in own_words
    try:
        code = main(**{"standalone_mode": not as_json, **options})
    except MCPStoreError as error:
        if as_json:
            output.fail_json(error_to_json(error))
        else:
            output.fail(str(error))
        sys.exit(exit_code(error))
    except UsageError as error:
        if not as_json:
            raise
        usage_error: Any = error
        message = usage_error.format_message()
        output.fail_json({"kind": "UsageError", "message": message, "remedy": None, "service": None})
        sys.exit(usage_error.exit_code)
    sys.exit(code)
