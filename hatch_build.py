"""Puts the template that `mcpstore plugins new` copies into wheels; in a checkout it is used where it is."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TemplateHook(BuildHookInterface):
    """Adds the template."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add it, unless the install is an editable one."""
        if version == "standard":
            build_data["force_include"]["contrib/mcpstore-template"] = "mcpstore_plugins/plugin_commands/template"
