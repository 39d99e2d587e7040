"""`mcpstore plugins show NAME`: origin, status and history of one plugin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import typer

from mcpstore.errors import UnknownPlugin
from mcpstore.hooks import CommandCall

__all__ = ["description_lines", "run"]

REMEDIES: Final = {
    "blocked": "unblock it in MCPSTORE_BLOCK_PLUGINS, in block_plugins of the configuration, or in --block",
    "broken": "repair it, upgrade it, or block it with MCPSTORE_BLOCK_PLUGINS={name}",
    "conflict": "block all but one of the plugins with this name: MCPSTORE_BLOCK_PLUGINS",
    "muted": "upgrade it and restart the manager, or block it with MCPSTORE_BLOCK_PLUGINS={name}",
}


async def run(
    call: CommandCall, name: Annotated[str, typer.Argument(help="Name of the plugin or of its distribution.")]
) -> int:
    """Show one plugin; the exit code is 1 if it is not used."""
    every = await call.ask("plugins")
    matches = [plugin for plugin in every if name in (plugin["name"], plugin["distribution"])]
    if not matches:
        raise UnknownPlugin("plugin", name, sorted({plugin["name"] for plugin in every}))
    if call.as_json:
        call.show(matches)
    else:
        for plugin in matches:
            call.show("\n".join(description_lines(plugin)))
    return int(any(plugin["status"] not in ("active", "idle") for plugin in matches))


def description_lines(plugin: Mapping[str, Any]) -> Iterator[str]:
    """Yield the description of a plugin, line by line.

    Args:
        plugin: Its entry in the answer to `plugins`.
    """
    origin = f"{plugin['distribution']} {plugin['version']}".strip()
    yield f"{plugin['name']} is {plugin['status']}"
    yield f"  from         {origin or 'the program that opened the store'}"
    if plugin["target"]:
        yield f"  entry point  {plugin['target']}"
    if plugin["api"]:
        yield f"  hook API     version {plugin['api']}"
    for title, values in (("hooks", plugin["hooks"]), ("offers", plugin["offers"])):
        if values:
            yield f"  {title:<11}  {', '.join(values)}"
    if plugin["calls"]:
        spent = f"{plugin['time_spent'] * 1000:.0f} ms"
        yield f"  calls        {plugin['calls']}, {plugin['failures']} failed, {spent} in total"
    for title, values in (("warnings", plugin["warnings"]), ("history", plugin["history"])):
        for value in values:
            yield f"  {title:<11}  {value}"
    if plugin["error"] and plugin["error"] not in plugin["history"]:
        yield f"  error        {plugin['error']}"
    if (remedy := REMEDIES.get(plugin["status"])) is not None:
        yield f"  → {remedy.format(name=plugin['name'])}"
