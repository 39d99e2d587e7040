"""Entries for tests of editing."""

from __future__ import annotations

from typing import Any

from mcpstore.config.entry import spec_of
from mcpstore.models.service import ServiceSpec

OK = {"command": "x", "args": ["1"]}
OPENCODE_FILE = {"$schema": "https://opencode.ai/config.json"}
CRUSH_FILE = {"$schema": "https://charm.land/crush.json"}
GEMINI_AT = "/p/.gemini/settings.json"


def local(**more: Any) -> ServiceSpec:
    return spec_of("new", {"command": "npx", "args": ["-y", "tool"], "env": {"K": "v"}, **more})


def remote(**more: Any) -> ServiceSpec:
    return spec_of("new", {"url": "https://x.test/mcp", "headers": {"A": "b"}, **more})
