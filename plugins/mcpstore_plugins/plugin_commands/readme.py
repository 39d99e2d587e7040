"""README of a new plugin: what it is, how to configure it, how to run its tests."""

from __future__ import annotations

import json
from typing import Any, Final

__all__ = ["kind_with_article", "readme_text"]

TEMPLATE: Final = """# {folder}

{thing} for MCPStore. {how}:

```json
{example}
```

{then}
The tests extend the conformance suite for this kind of plugin. They can use the fixtures of
`mcpstore.testing.fixtures`, which `tests/conftest.py` imports:

```console
pip install 'mcpstore-manager[testing]' -e .
python -m pytest
```
"""

EXAMPLE_SERVER: Final = {"command": "uvx", "args": ["mcp-server-time"]}


def kind_with_article(kind: str) -> str:
    """Return a kind of plugin with its article, such as "An alert handler"."""
    return f"{'An' if kind[0] in 'aeiou' else 'A'} {kind.replace('-', ' ')}"


def readme_text(folder: str, kind: str, name: str) -> str:
    """Return the text of the README.

    Args:
        folder: Name of the distribution.
        kind: Kind of plugin.
        name: Name of the plugin in configurations.
    """
    example: dict[str, Any] = {"mcpServers": {"time": EXAMPLE_SERVER}}
    how, then = "Use it in a configuration", ""
    if kind == "transport":
        example = {"mcpServers": {"time": {"transport": {"type": name, "host": "127.0.0.1", "port": 9000}}}}
    elif kind == "alert-handler":
        handlers = [{"type": name, "path": "alerts.jsonl"}]
        example["mcpstore"] = {"monitoring": {"alerts": {"handlers": handlers}}}
        then = f"`mcpstore alerts test {name}` sends a test alert.\n"
    elif kind == "health-strategy":
        example["mcpServers"]["time"] = {**EXAMPLE_SERVER, "mcpstore": {"health": {"type": name, "least": 1}}}
    elif kind == "recovery-policy":
        example["mcpServers"]["time"] = {**EXAMPLE_SERVER, "mcpstore": {"recovery": name}}
    else:
        how = "It stores configurations such as this one"
        then = f"`mcpstore --config {name}:///tmp/fleet.json list` reads a configuration from it.\n"
    return TEMPLATE.format(
        folder=folder, thing=kind_with_article(kind), how=how, example=json.dumps(example, indent=2), then=then
    )
