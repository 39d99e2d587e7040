"""The marks by which pluggy knows a hook from an ordinary function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pluggy

__all__ = ["API_VERSION", "DEPRECATED", "ENTRY_POINT_GROUP", "PROJECT_NAME", "hookimpl", "hookspec"]

PROJECT_NAME: Final = "mcpstore"
"""Every hook begins with this name and an underscore."""

ENTRY_POINT_GROUP: Final = "mcpstore.plugins"
"""The one group of entry points, for bundled plugins and for strangers'."""

API_VERSION: Final = "1.0"
"""Version of the hooks and their records. The second number grows when something is added, the first when something
goes away. A plugin may state what it needs: `mcpstore_api = ">=1.0,<2"`."""

DEPRECATED: Final[Mapping[str, str]] = {}
"""Hooks, and arguments as "hook:argument", that go away with the next first number; with what to do instead."""

hookspec: pluggy.HookspecMarker = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl: pluggy.HookimplMarker = pluggy.HookimplMarker(PROJECT_NAME)
