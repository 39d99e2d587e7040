"""Rules of this project that no linter checks."""

from __future__ import annotations

import ast
import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for root in ("core", "plugins") for path in (ROOT / root).rglob("*.py"))

IMPORT_EACH = """
import json, os, sys
import attrs, pydantic, pytest, rich.console, typer  # what others wrote is loaded once, for all of them
failed = {}
for name in json.load(sys.stdin):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            __import__(name)
        except BaseException as error:
            os.write(write, repr(error).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as errors:
        if error := errors.read():
            failed[name] = error
    os.waitpid(child, 0)
print(json.dumps(failed))
"""


def module_name(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts[1:])
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def run(code: str, given: str = "") -> str:
    done = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.timeout(300)  # there are hundreds
def test_every_module_can_be_imported_alone():
    names = [module_name(path) for path in SOURCES if path.stem != "__main__"]
    assert json.loads(run(IMPORT_EACH, json.dumps(names))) == {}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout")
def test_only_known_files_are_in_the_root_folder():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {path.partition("/")[0] for path in listed.split("\0") if path} == {
        ".ci", ".gitignore", "LICENSE", "README.md", "changelog.d", "contrib", "core", "docs", "hatch_build.py",
        "noxfile.py", "plugins", "pyproject.toml", "tests",
    }  # fmt: skip


@pytest.mark.parametrize("root", ["core", "plugins", "tests"])
def test_files_are_short_or_give_the_reason_for_their_length_in_their_first_lines(root):
    texts = {path: path.read_text("utf-8") for path in (ROOT / root).rglob("*.py")}
    long = {str(path) for path, text in texts.items() if text.count("\n") > 400}
    reasons = {str(path) for path, text in texts.items() if "Longer than 400 lines because" in text[:1000]}
    assert long == reasons
    assert len(long) < 5
    assert statistics.median(text.count("\n") for text in texts.values()) < 150


def test_every_module_has_a_docstring_and_lists_its_public_names():
    for path in SOURCES:
        tree = ast.parse(path.read_text("utf-8"))
        assert ast.get_docstring(tree), path
        public = any(
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
            for node in tree.body
        )
        offers = any(
            isinstance(target, ast.Name) and target.id == "__all__"
            for node in tree.body
            for target in ([node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", []))
        )
        hooks_only = path.name == "specs.py"  # pluggy takes every hook it finds there
        assert offers or not public or hooks_only or path.stem == "__main__", path


def test_importing_the_package_loads_nothing_expensive():
    loaded = run("import mcpstore, sys; print(*sys.modules)").split()
    for module in ("fastmcp", "mcp", "pydantic", "rich", "typer", "starlette", "httpx2", "attrs", "asyncio"):
        assert module not in loaded


def test_a_store_of_local_services_loads_neither_fastmcp_nor_a_web_server():
    code = """
import asyncio, sys
from mcpstore import AsyncMCPStore
async def main():
    config = {"mcpServers": {"a": {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", "a"]}}}
    async with AsyncMCPStore(config) as store:
        assert await store.wait_service("a", timeout=60)
        await store.call_tool("greet", {"who": "you"})
asyncio.run(main())
print(*sys.modules)
"""
    loaded = run(code).split()
    assert "mcpstore_plugins.stdio" in loaded
    for module in ("fastmcp", "mcp", "starlette", "uvicorn", "httpx2", "rich", "typer", "textual"):
        assert module not in loaded
