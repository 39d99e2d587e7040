"""Markers by which pluggy recognizes hooks, and the version of the hook API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pluggy

__all__ = ["API_VERSION", "DEPRECATED", "ENTRY_POINT_GROUP", "PROJECT_NAME", "hookimpl", "hookspec"]

PROJECT_NAME: Final = "mcpstore"
"""Prefix of every hook name, followed by an underscore."""

ENTRY_POINT_GROUP: Final = "mcpstore.plugins"
"""Group of the entry points of all plugins, bundled and third-party."""

API_VERSION: Final = "1.0"
"""Version of the hooks and their records. An addition increases the second number, a removal the first.

A plugin can state the versions it supports: `mcpstore_api = ">=1.0,<2"`.
"""

DEPRECATED: Final[Mapping[str, str]] = {}
"""Hooks, and arguments as "hook:argument", that the next major version removes; the values say what to use instead."""

hookspec: pluggy.HookspecMarker = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl: pluggy.HookimplMarker = pluggy.HookimplMarker(PROJECT_NAME)
