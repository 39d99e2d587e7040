"""Edits by the bundled backend in real files: everything else in the file is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcpstore.config.editing import add_edits, remove_edits, replace_edits, switch_edits
from mcpstore.config.entry import spec_of
from mcpstore.config.reader import ParsedConfig, read
from mcpstore.errors import ConfigConflict
from mcpstore.hooks.persistence import Document
from mcpstore_plugins.mcp_json import mcpstore_persistence_backends

VSCODE = """\
{
\t// what we use at work
\t"servers": {
\t\t"first": {
\t\t\t"type": "stdio", // it is local
\t\t\t"command": "npx",
\t\t\t"args": ["-y", "tool"], /* no version */
\t\t\t"gallery": true
\t\t},
\t},
\t"inputs": []
}
"""

OPENCODE = """\
{"$schema": "https://opencode.ai/config.json", "theme": "dark",
  "mcp": {
    "first": {"type": "local", "command": ["npx", "-y", "tool"], "timeout": 5000}
  }
}"""

CODEX = """\
model = "x"  # the best

[mcp_servers.first]
command = "npx"
args = ["-y", "tool"]  # no version

[profiles.y]
model = "z"
"""

FILES = [(".vscode/mcp.json", VSCODE), ("opencode.json", OPENCODE), (".codex/config.toml", CODEX)]


def document(path: Path) -> Document:
    (backend,) = mcpstore_persistence_backends()
    return backend.open(str(path))


def untouched(path: Path) -> bool:
    """Return whether comments, keys of other programs and other sections are unchanged."""
    before = next(text for name, text in FILES if path.match(name))
    after = path.read_text()
    marks = ["// what we use at work", "// it is local", "/* no version */", '"gallery": true', "# no version"]
    marks += ['"theme": "dark",', "# the best", "[profiles.y]"]
    return all((mark in before) == (mark in after) for mark in marks)


async def now(kept: Document, path: Path) -> ParsedConfig:
    return read(await kept.read(), where=str(path))


@pytest.fixture(params=FILES, ids=[name for name, _ in FILES])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name, text = request.param
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


async def test_adding_and_removing_a_service_leaves_the_file_unchanged(path):
    before = path.read_bytes()
    kept = document(path)
    for entry in ({"command": "x", "args": ["1"], "env": {"A": "b"}}, {"url": "https://x.test/mcp"}):
        spec = spec_of("new service", entry)
        await kept.edit(add_edits(await now(kept, path), spec))
        after = await now(kept, path)
        assert after.specs["new service"] == spec
        assert after.problems == ()
        await kept.edit(remove_edits(after, "new service"))
        assert path.read_bytes() == before


async def test_a_service_is_disabled_and_enabled(path):
    kept = document(path)
    for enabled in (False, True, False):
        reading = await now(kept, path)
        await kept.edit(switch_edits(reading, "first", enabled=enabled))
        assert (await now(kept, path)).specs["first"].enabled is enabled
    assert untouched(path)


async def test_a_replacement_leaves_comments_and_foreign_keys(path):
    kept = document(path)
    reading = await now(kept, path)
    spec = spec_of("first", {"command": "npx", "args": ["-y", "other"], "timeout": 9})
    await kept.edit(replace_edits(reading, spec))
    assert (await now(kept, path)).specs["first"] == spec
    assert untouched(path)


async def test_a_new_file_gets_the_common_section(tmp_path):
    path = tmp_path / "mcp.json"
    kept = document(path)
    await kept.edit(add_edits(await now(kept, path), spec_of("a", {"command": "x"})))
    assert path.read_text() == '{\n  "mcpServers": {\n    "a": {\n      "command": "x"\n    }\n  }\n}\n'


async def test_concurrent_changes_by_another_program_are_kept(tmp_path):
    path = tmp_path / "mcp.json"
    path.write_text('{"mcpServers": {"a": {"command": "x"}, "b": {"command": "y"}}}')
    kept = document(path)
    reading = await now(kept, path)
    path.write_text('{"mcpServers": {"a": {"command": "z", "cwd": "/"}, "b": {"command": "y"}, "c": {"command": "w"}}}')
    for edits in (
        replace_edits(reading, spec_of("a", {"command": "v"})),
        remove_edits(reading, "a"),
        add_edits(reading, spec_of("c", {"command": "v"})),
    ):
        with pytest.raises(ConfigConflict):
            await kept.edit(edits)
    await kept.edit(replace_edits(reading, spec_of("a", {"command": "x", "args": ["1"]})))
    merged = (await now(kept, path)).specs
    assert merged["a"].settings == {"command": "z", "args": ["1"], "env": {}, "cwd": "/"}
    assert list(merged) == ["a", "b", "c"]


async def test_a_problem_has_its_position_in_the_file(tmp_path):
    path = tmp_path / "mcp.json"
    path.write_text('{\n  "mcpServers": {\n    "a": {"comand": "x"}\n  }\n}\n')
    (problem,) = (await now(document(path), path)).problems
    assert problem.where == f"{path}:3:10: service 'a'"
    assert "did you mean 'command' instead of 'comand'?" in problem.what
