"""The plugin in the plugin manager."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from mcpstore.errors import ConfigError
from mcpstore_plugins import mcp_json


def backend():
    (offered,) = mcp_json.mcpstore_persistence_backends()
    return offered


def test_it_is_loaded_by_the_entry_point_of_all_plugins():
    (entry_point,) = entry_points(group="mcpstore.plugins", name="mcp_json")
    assert entry_point.load() is mcp_json


def test_it_offers_one_backend():
    assert backend().name == "mcp_json"


@pytest.mark.parametrize(
    "location", ["mcp.json", "/etc/x/mcp.json", "~/mcp.json", "a b/Ω.toml", "file:///etc/mcp.json", "FILE:///x", "C:x"]
)
def test_paths_and_file_urls_are_claimed(location):
    assert backend().claims(location)


@pytest.mark.parametrize(
    "location", ["", "sqlite:///x.db", "redis://host/0", "http://host/mcp.json", "s3://b/mcp.json"]
)
def test_other_urls_are_not_claimed(location):
    assert not backend().claims(location)


def test_opening_does_not_touch_the_file(tmp_path):
    document = backend().open(str(tmp_path / "no" / "mcp.json"))
    assert document.location == str(tmp_path / "no" / "mcp.json")
    assert list(tmp_path.iterdir()) == []


async def test_a_file_url_and_a_path_with_a_tilde_resolve_to_the_file(tmp_path, monkeypatch):
    (tmp_path / "m c.json").write_text('{"a": 1}')
    monkeypatch.setenv("HOME", str(tmp_path))
    for location in (f"file://{tmp_path}/m%20c.json", f"file://localhost{tmp_path}/m%20c.json", "~/m c.json"):
        document = backend().open(location)
        assert (await document.read()).data == {"a": 1}
        assert document.location == location


@pytest.mark.parametrize(("location", "what"), [("file://host/x.json", "host 'host'"), ("a\0b", "NUL character")])
def test_an_impossible_location_is_refused(location, what):
    with pytest.raises(ConfigError, match=what):
        backend().open(location)


def test_the_plugin_module_is_cheap_to_import():
    code = (
        "import sys, mcpstore_plugins.mcp_json as plugin; list(plugin.mcpstore_persistence_backends());"
        "heavy = {'watchfiles', 'filelock', 'tomlkit', 'yaml', 'asyncio', 'mcpstore_plugins.mcp_json.document'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in {"[]", "['asyncio']"}
