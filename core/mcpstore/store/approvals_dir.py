"""Folder with the approved tool definitions of a configuration, in the user's data folder.

It is no part of the state directory: if the definitions were lost with it, changed tools would count as approved.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from typing import Final

from mcpstore.runtime.pinning import PinFiles
from mcpstore.store.private_dir import ensure_private_dir
from mcpstore.store.state_dir import StateDir, configuration_key

__all__ = ["approvals_dir", "open_approvals"]

FOLDER: Final = "approvals"

_log = logging.getLogger("mcpstore.store")


def approvals_dir(key: str) -> Path:
    """Return the folder with the approved tool definitions of a configuration.

    Args:
        key: Key of the configuration; see `configuration_key`.
    """
    from platformdirs import user_data_path  # noqa: PLC0415 - not needed by stores in memory

    return user_data_path("mcpstore") / FOLDER / key


def open_approvals(location: str | None, state_dir: StateDir) -> PinFiles:
    """Return the files with the approved tool definitions of a store. Blocks.

    The folder is moved out of the state directory if version 0.1 kept it there. If the user's data folder cannot be
    used, it stays in the state directory, so that no definition is lost.

    Args:
        location: Location of the configuration; None for one in memory, which is identified by its state directory.
        state_dir: The state directory of the store.
    """
    if location is None:
        key = hashlib.sha256(os.fsencode(os.path.realpath(state_dir.shared))).hexdigest()[:16]
    else:
        key = configuration_key(location)
    folder = approvals_dir(key)
    files = PinFiles(folder)
    try:
        ensure_private_dir(folder)
        files.move_from(state_dir.old_pins)
    except OSError as error:
        problem = f"{folder} cannot be used ({error.strerror or error})"
        _log.warning("%s; approvals of tools are kept in %s, which must not be deleted", problem, state_dir.old_pins)
        return PinFiles(state_dir.old_pins)
    return files
