"""A configuration file and edits of it, for tests of saving."""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcpstore.errors import ConfigError
from mcpstore.hooks import MISSING, Edit
from mcpstore_plugins.mcp_json.document import FileDocument

OLD = '{\n  "mcpServers": {\n    "a": {"command": "x"} // mine\n  }\n}\n'
NEW = '{\n  "mcpServers": {\n    "a": {"command": "x"}, // mine\n    "b": {"command": "y"}\n  }\n}\n'
ADD_B = Edit(path=("mcpServers", "b"), value={"command": "y"}, expect=MISSING, entry="b")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
needs_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may do everything")


async def add_b(path: Path | str):
    return await FileDocument(str(path)).edit([ADD_B])


async def refusal(path: Path | str) -> str:
    with pytest.raises(ConfigError) as caught:
        await add_b(path)
    text = str(caught.value)
    assert "; " in text
    return text


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def names(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


@contextmanager
def meddling(monkeypatch, at: int, meddle):
    """Call `meddle` before the `at`-th system call of a save; yields the names of the calls."""
    seen: list[str] = []
    with monkeypatch.context() as patch:

        def wrap(module, name):
            real = getattr(module, name)

            def wrapped(*args, **options):
                seen.append(name)
                if len(seen) == at:
                    meddle()
                return real(*args, **options)

            patch.setattr(module, name, wrapped)

        for name in (
            "open",
            "read",
            "write",
            "fsync",
            "replace",
            "stat",
            "fstat",
            "lstat",
            "fchmod",
            "listdir",
            "access",
        ):
            wrap(os, name)
        wrap(fcntl, "flock")
        yield seen


def replace_by_rename(path: Path, text: str) -> None:
    path.with_name("editor~").write_text(text)
    path.with_name("editor~").rename(path)


def write_in_place(path: Path, text: str) -> None:
    path.write_text(text)
