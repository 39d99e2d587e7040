"""`mcpstore plugins`: the installed plugins, with what they offer and their status."""

from __future__ import annotations

from mcpstore.hooks import CommandCall

__all__ = ["run"]


async def run(call: CommandCall) -> None:
    """List the plugins."""
    plugins = await call.ask("plugins")
    if call.as_json:
        call.show(plugins)
        return
    call.table(
        ("PLUGIN", "FROM", "STATUS", "TIME", "OFFERS"),
        (
            (
                plugin["name"],
                f"{plugin['distribution']} {plugin['version']}".strip() or "this program",
                plugin["status"],
                f"{(plugin['load_time'] + plugin['time_spent']) * 1000:.0f} ms",
                plugin["error"] or ", ".join(plugin["offers"] or plugin["hooks"]),
            )
            for plugin in plugins
        ),
    )
