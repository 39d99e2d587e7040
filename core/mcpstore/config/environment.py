"""Sources of values for variables: the environment, folders, plugins and prompts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from mcpstore.config.reader import Input

__all__ = ["ExpansionContext", "workspace_of"]


def _nothing(_: Any) -> None:
    return None


@attrs.frozen(kw_only=True)
class ExpansionContext:
    """Sources of values for variables.

    Attributes:
        environ: The environment variables.
        home: The user's home folder.
        cwd: The working directory of this process.
        workspace: The folder that an editor would open; relative `cwd` and `envFile` are resolved against it.
        folder: The folder of the configuration; relative `{file:…}` paths are resolved against it.
        inputs: The inputs that the configuration declares, by id.
        lookup: Called with the name of a variable that is not in the environment; returns its value or None.
        ask: Called with an input that is not in the environment; returns its value or None.
    """

    environ: Mapping[str, str] = attrs.field(factory=lambda: dict(os.environ), repr=False)
    home: str = attrs.field(factory=lambda: str(Path.home()))
    cwd: str = attrs.field(factory=os.getcwd)
    workspace: str = attrs.field(factory=os.getcwd)
    folder: str = attrs.field(factory=os.getcwd)
    inputs: Mapping[str, Input] = attrs.field(factory=dict[str, Input])
    lookup: Callable[[str], str | None] = _nothing
    ask: Callable[[Input], str | None] = _nothing


def workspace_of(location: Path) -> Path:
    """Return the folder that an editor would open for a configuration at `location`.

    This is the folder of the file, or the folder above if the file is in a settings folder, as in `.vscode/mcp.json`.
    """
    folder = location.parent
    if folder.name in ("settings", "mcp") and folder.parent.name in (".kiro", ".junie"):
        folder = folder.parent
    return folder.parent if folder.name.startswith(".") and folder.name != ".." else folder
