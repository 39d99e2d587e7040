"""What variables stand for: the environment, folders, and whoever can be asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from mcpstore.config.reader import Input

__all__ = ["Surroundings", "workspace_of"]


def _nothing(_: Any) -> None:
    return None


@attrs.frozen(kw_only=True)
class Surroundings:
    """What variables stand for.

    Attributes:
        environ: The environment.
        home: The user's home folder.
        cwd: The folder we run in.
        workspace: The folder that editors would have opened; relative `cwd` and `envFile` start there.
        folder: The folder the configuration is kept in; relative `{file:…}` starts there.
        inputs: What the configuration declares to be asked for.
        lookup: Called with the name of a variable the environment does not have; its value or None.
        ask: Called with an input that the environment does not answer; the answer or None.
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
    """Return the folder an editor would have opened to find a configuration at `location`.

    That is the folder of the file, or the one above if clients keep their settings in the file's folder, as in
    `.vscode/mcp.json`.
    """
    folder = location.parent
    if folder.name in ("settings", "mcp") and folder.parent.name in (".kiro", ".junie"):
        folder = folder.parent
    return folder.parent if folder.name.startswith(".") and folder.name != ".." else folder
