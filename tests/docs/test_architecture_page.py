"""docs/explanation/architecture.md names every package, and only files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/architecture.md").read_text("utf-8")
PATHS = sorted(set(re.findall(r"`((?:core|plugins|tests|docs|\.ci)/[\w./-]+)`", PAGE)))
CORE = ROOT / "core/mcpstore"
PACKAGES = sorted(str(folder.parent.relative_to(CORE)) for folder in CORE.rglob("__init__.py"))
UNLISTED = re.compile(r"^(\.|testing/.*|config/dialects|cli/top|runtime/alerting/.*|core/models)$")
"""Packages that are named in the row of their parent package, and packages without code."""


@pytest.mark.parametrize("path", PATHS)
def test_every_path_on_the_page_exists(path):
    assert (ROOT / path).exists()


@pytest.mark.parametrize("package", [name for name in PACKAGES if not UNLISTED.match(name)])
def test_every_package_is_on_the_page(package):
    assert f"`{package}`" in PAGE


def test_every_built_in_plugin_is_on_the_page():
    folder = ROOT / "plugins/mcpstore_plugins"
    plugins = {path.stem for path in folder.iterdir() if path.stem not in ("__init__", "__pycache__", "py")}

    assert not {name for name in plugins if f"`{name}`" not in PAGE}
