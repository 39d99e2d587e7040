"""`mcpstore plugins show NAME`: the story of one plugin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import typer

from mcpstore.errors import UnknownPlugin
from mcpstore.hooks import CommandCall

__all__ = ["run", "story"]

REMEDIES: Final = {
    "blocked": "it is not used because somebody asked for that: look at MCPSTORE_BLOCK_PLUGINS, at block_plugins in the"
    " configuration, and at --block",
    "broken": "repair it, upgrade it, or block it with MCPSTORE_BLOCK_PLUGINS={name}",
    "conflict": "block one of those that claim the name with MCPSTORE_BLOCK_PLUGINS",
    "muted": "restart the manager to hear of it again; while it fails, block it with MCPSTORE_BLOCK_PLUGINS={name}",
}


async def run(call: CommandCall, name: Annotated[str, typer.Argument(help="The plugin.")]) -> int:
    """Tell the story of a plugin; ends with 1 if it is not used."""
    every = await call.ask("plugins")
    found = [plugin for plugin in every if name in (plugin["name"], plugin["distribution"])]
    if not found:
        raise UnknownPlugin("plugin", name, sorted({plugin["name"] for plugin in every}))
    if call.as_json:
        call.show(found)
    else:
        for plugin in found:
            call.show("\n".join(story(plugin)))
    return int(any(plugin["status"] not in ("active", "idle") for plugin in found))


def story(plugin: Mapping[str, Any]) -> Iterator[str]:
    """Yield the story of a plugin, line by line.

    Args:
        plugin: How it is listed.
    """
    origin = f"{plugin['distribution']} {plugin['version']}".strip()
    yield f"{plugin['name']} is {plugin['status']}"
    yield f"  comes from   {origin or 'the program that opened the store'}"
    if plugin["target"]:
        yield f"  is found at  {plugin['target']}"
    if plugin["api"]:
        yield f"  asks for     version {plugin['api']} of the hook API"
    for title, values in (("implements", plugin["hooks"]), ("offers", plugin["offers"])):
        if values:
            yield f"  {title:<11}  {', '.join(values)}"
    if plugin["calls"]:
        spent = f"{plugin['time_spent'] * 1000:.0f} ms"
        yield f"  was called   {plugin['calls']} times, {plugin['failures']} of them in vain, for {spent} in all"
    for title, values in (("uses", plugin["warnings"]), ("happened", plugin["history"])):
        for value in values:
            yield f"  {title:<11}  {value}"
    if plugin["error"] and plugin["error"] not in plugin["history"]:
        yield f"  went wrong   {plugin['error']}"
    if (remedy := REMEDIES.get(plugin["status"])) is not None:
        yield f"  → {remedy.format(name=plugin['name'])}"
