"""Carrying out a verb: its exit code, and errors as people read them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

from mcpstore.cli import show
from mcpstore.cli.exits import Exit, exit_code
from mcpstore.errors import MCPStoreError

__all__ = ["JsonFlag", "perform"]

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def perform(work: Callable[[], Coroutine[Any, Any, Exit | None]]) -> None:
    """Run the work of a verb and end with its exit code; users see what went wrong, never a traceback."""
    try:
        code = asyncio.run(work()) or Exit.OK
    except MCPStoreError as error:
        show.fail(str(error))
        code = exit_code(error)
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    raise typer.Exit(code)
