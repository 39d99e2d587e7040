"""The marks by which pluggy knows a hook from an ordinary function."""

from __future__ import annotations

from typing import Final

import pluggy

__all__ = ["ENTRY_POINT_GROUP", "PROJECT_NAME", "hookimpl", "hookspec"]

PROJECT_NAME: Final = "mcpstore"
"""Every hook begins with this name and an underscore."""

ENTRY_POINT_GROUP: Final = "mcpstore.plugins"
"""The one group of entry points, for bundled plugins and for strangers'."""

hookspec: pluggy.HookspecMarker = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl: pluggy.HookimplMarker = pluggy.HookimplMarker(PROJECT_NAME)
