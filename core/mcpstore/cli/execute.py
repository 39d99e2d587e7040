"""Carrying out a verb: its exit code, and errors as people and scripts read them."""

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

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON; errors, too.")]

Misuse: Final = cast("type[Exception]", typer.BadParameter.__mro__[1])
"""What is raised where a command line is not understood; where it comes from depends on the version of Typer."""


def run_command(work: Callable[[], Coroutine[Any, Any, Exit | None]]) -> None:
    """Run the work of a verb and end with its exit code."""
    try:
        code = asyncio.run(work()) or Exit.OK
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    raise typer.Exit(code)


def execute(main: Callable[..., Any], words: Sequence[str], **how: Any) -> Any:
    """Carry out a command line; users see what went wrong, never a traceback.

    Args:
        main: Understands the words and does what they say.
        words: The words.
        how: What else `main` is told.
    """
    ours = words[: words.index("--")] if "--" in words else words
    as_json = "--json" in ours
    try:
        code = main(**{"standalone_mode": not as_json, **how})
    except MCPStoreError as error:
        if as_json:
            output.fail_json(error_to_json(error))
        else:
            output.fail(str(error))
        sys.exit(exit_code(error))
    except Misuse as error:
        if not as_json:
            raise
        told: Any = error
        output.fail_json({"kind": "UsageError", "message": told.format_message(), "remedy": None, "service": None})
        sys.exit(told.exit_code)
    sys.exit(code)
