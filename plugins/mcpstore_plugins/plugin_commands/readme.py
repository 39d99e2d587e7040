"""The first page of a new plugin: what it is, how a configuration uses it, how its tests are run."""

from __future__ import annotations

import json
from typing import Any, Final

__all__ = ["readme", "thing"]

PAGE: Final = """# {folder}

{thing} for MCPStore. {how}:

```json
{example}
```

{then}
The tests derive from the suite of checks for this family, and may use the fixtures of `mcpstore.testing.fixtures`,
which `tests/conftest.py` brings:

```console
pip install 'mcpstore-manager[testing]' -e .
python -m pytest
```
"""

SERVER: Final = {"command": "uvx", "args": ["mcp-server-time"]}


def thing(kind: str) -> str:
    """Return what a plugin is, with its article."""
    return f"{'An' if kind[0] in 'aeiou' else 'A'} {kind.replace('-', ' ')}"


def readme(folder: str, kind: str, name: str) -> str:
    """Return the page.

    Args:
        folder: The name of the distribution.
        kind: What the plugin offers.
        name: What configurations call it.
    """
    example: dict[str, Any] = {"mcpServers": {"time": SERVER}}
    how, then = "A configuration uses it like this", ""
    if kind == "transport":
        example = {"mcpServers": {"time": {"transport": {"type": name, "host": "127.0.0.1", "port": 9000}}}}
    elif kind == "alert-handler":
        handlers = [{"type": name, "path": "alerts.jsonl"}]
        example["mcpstore"] = {"monitoring": {"alerts": {"handlers": handlers}}}
        then = f"`mcpstore alerts test {name}` sends an alert, to see whether it arrives.\n"
    elif kind == "health-strategy":
        example["mcpServers"]["time"] = {**SERVER, "mcpstore": {"health": {"type": name, "least": 1}}}
    elif kind == "recovery-policy":
        example["mcpServers"]["time"] = {**SERVER, "mcpstore": {"recovery": name}}
    else:
        how = "It keeps a configuration such as this"
        then = f"`mcpstore --config {name}:///tmp/fleet.json list` reads it from there.\n"
    return PAGE.format(folder=folder, thing=thing(kind), how=how, example=json.dumps(example, indent=2), then=then)
