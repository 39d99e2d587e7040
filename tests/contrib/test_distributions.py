"""Each folder in contrib is a distribution that is found when it is installed and passes its own tests."""

from __future__ import annotations

import ast
import json
import re
import tomllib
import zipfile

import pytest

from .conftest import CONTRIB, DISTRIBUTIONS, ROOT, build

KINDS = ["transport", "alert-handler", "health-strategy", "persistence-backend", "recovery-policy"]
OFFERS = {
    "apprise": ("mcpstore-apprise", ["alert handler apprise"]),
    "chat": ("mcpstore-chat-alert", ["alert handler chat"]),
    "house_rules": ("mcpstore-house-rules", ["alert rule house_unused"]),
    "journal": ("mcpstore-journal", []),
    "keyvalue": ("mcpstore-keyvalue", ["persistence backend keyvalue"]),
    "tcp": ("mcpstore-tcp", ["transport tcp"]),
    "websocket": ("mcpstore-websocket", ["transport websocket"]),
    **{
        f"template_{kind.replace('-', '_')}": ("mcpstore-template", [f"{kind.replace('-', ' ')} template"])
        for kind in KINDS
    },
}
FOR_PLUGIN_AUTHORS = {
    "__init__.py", "_pytest.py", "fault_server", "faults.py", "fixtures.py", "leftovers.py", "loop.py", "reference.py",
    "scripted.py", "suites",
}  # fmt: skip
"""Files of `mcpstore.testing`; the models and the simulator are only for this project and stay in tests/."""
MOST_LINES = {"mcpstore-tcp": 40, "mcpstore-chat-alert": 20}


def test_every_distribution_is_found_with_its_offers(installed):
    listed = {plugin["name"]: plugin for plugin in json.loads(installed.run("mcpstore", "plugins", "--json").stdout)}
    for name, (distribution, offers) in OFFERS.items():
        result = listed[name]
        assert (result["distribution"], result["version"], result["status"]) == (distribution, "0.1.0", "active"), (
            result
        )
        assert (result["offers"], result["error"]) == (offers, None)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_distribution_passes_its_own_tests_and_leaves_nothing_behind(installed, distribution):
    there = set((CONTRIB / distribution).iterdir())
    done = installed.python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=", "tests", cwd=CONTRIB / distribution
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert set((CONTRIB / distribution).iterdir()) == there


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_of_the_template_passes_its_tests_at_once(installed, tmp_path, kind):
    created = installed.run("mcpstore", "plugins", "new", "acme", "--kind", kind, cwd=tmp_path)
    assert (created.returncode, created.stdout) == (0, "created mcpstore-acme\n"), created.stderr
    for file in (tmp_path / "mcpstore-acme").rglob("*.*"):
        assert "template" not in file.read_text(), file
    project = tomllib.loads((tmp_path / "mcpstore-acme" / "pyproject.toml").read_text())["project"]
    text = f"{'An' if kind[0] == 'a' else 'A'} {kind.replace('-', ' ')} for MCPStore"
    assert project["description"] == text
    assert f"\n{text}. " in (tmp_path / "mcpstore-acme" / "README.md").read_text()
    source = (tmp_path / "mcpstore-acme" / "src" / "mcpstore_acme" / "__init__.py").read_text()
    needed = {re.split(r"[^\w-]", each)[0] for each in project["dependencies"]}
    used = {each for each in ("anyio", "filelock", "pydantic") if imports(each, source)}
    assert needed == {"mcpstore-manager"} | used
    done = installed.python("-m", "pytest", "-q", cwd=tmp_path / "mcpstore-acme")
    assert done.returncode == 0, done.stdout + done.stderr


def imports(package, source):
    return re.search(rf"^(?:import|from) {package}\b", source, re.MULTILINE)


def test_a_copy_that_is_installed_is_found(installed, tmp_path):
    installed.run("mcpstore", "plugins", "new", "acme", "--kind", "health-strategy", cwd=tmp_path)
    site = tmp_path / "site"
    zipfile.ZipFile(build(tmp_path / "mcpstore-acme", tmp_path / "wheels")).extractall(site)
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "from mcpstore.plugin_manager import PluginManager\n"
        "plugins = PluginManager(); plugins.discover()\n"
        "print(plugins.list()['acme'].offers, plugins.list()['acme'].api)"
    )
    assert installed.python("-c", code).stdout == "('health strategy acme',) >=1.0,<2\n"


@pytest.mark.parametrize(("name", "message"), [("Acme!", "name of a plugin is invalid"), ("taken", "exists already")])
def test_an_invalid_name_is_refused_with_a_reason(installed, tmp_path, name, message):
    (tmp_path / "mcpstore-taken").mkdir()
    done = installed.run("mcpstore", "plugins", "new", name, cwd=tmp_path)
    assert done.returncode == 3
    assert message in done.stderr


def test_unneeded_plugins_are_not_imported_the_next_time(installed):
    code = (
        "import sys\n"
        "from mcpstore import MCPStore\n"
        "with MCPStore({'mcpServers': {}}) as store: pass\n"
        "print(sorted(name for name in sys.modules if name.startswith('mcpstore_') and '.' not in name))\n"
    )
    loaded = [installed.python("-c", code).stdout.strip() for _ in range(2)]
    assert "mcpstore_apprise" not in loaded[1]
    assert "mcpstore_tcp" not in loaded[1]
    assert "mcpstore_keyvalue" not in loaded[1]


def test_the_wheel_holds_both_packages_and_the_template_and_nothing_else(tmp_path):
    names = zipfile.ZipFile(build(ROOT, tmp_path)).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"mcpstore", "mcpstore_plugins"}
    template = "mcpstore_plugins/plugin_commands/template/"
    assert {f"{template}pyproject.toml", f"{template}tests/test_transport.py"} <= set(names)
    assert {"mcpstore/py.typed", "mcpstore_plugins/py.typed"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert {name.split("/")[2] for name in names if name.startswith("mcpstore/testing/")} == FOR_PLUGIN_AUTHORS


@pytest.mark.parametrize("distribution", MOST_LINES)
def test_the_examples_are_as_short_as_documented(distribution):
    (source,) = (CONTRIB / distribution / "src").rglob("*.py")
    assert code_lines(source.read_text()) < MOST_LINES[distribution]


def code_lines(text: str) -> int:
    """Return the lines of code without empty lines and docstrings."""
    numbers: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            numbers.update(range(body[0].lineno, (body[0].end_lineno or 0) + 1))
    return sum(bool(line.strip()) and number not in numbers for number, line in enumerate(text.splitlines(), 1))
