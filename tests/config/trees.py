"""Configurations as trees, and edits applied to them like a backend does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcpstore.config.reader import ParsedConfig, read
from mcpstore.hooks.persistence import ANYTHING, MISSING, Content, Edit
from mcpstore.models.service import ServiceSpec


def reading(data: dict[str, Any], *, where: str = "mcp.json", format: str = "json", **more: Any) -> ParsedConfig:  # noqa: A002
    return read(Content(data=data, format=format), where=where, **more)


def specs(data: dict[str, Any], **more: Any) -> dict[str, ServiceSpec]:
    parsed = reading(data, **more)
    assert not parsed.refused, parsed.problems
    return dict(parsed.specs)


def spec(entry: dict[str, Any], **more: Any) -> ServiceSpec:
    return specs({"mcpServers": {"x": entry}}, **more)["x"]


def copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def applied(data: dict[str, Any], edits: Sequence[Edit]) -> dict[str, Any]:
    tree: Any = copied(data)
    for edit in edits:
        *above, last = edit.path
        holder = tree
        for key in above:
            holder = holder[key] if isinstance(holder, list) else holder.setdefault(key, {})
        now = holder[last] if (last in holder if isinstance(holder, dict) else last < len(holder)) else MISSING
        assert edit.expect is ANYTHING or (type(now), now) == (type(edit.expect), edit.expect), edit
        if edit.value is MISSING:
            del holder[last]
        elif isinstance(holder, list) and last == len(holder):
            holder.append(copied(edit.value))
        else:
            holder[last] = copied(edit.value)
    return tree


def paths(edits: Sequence[Edit]) -> list[str]:
    return [".".join(map(str, edit.path)) for edit in edits]
