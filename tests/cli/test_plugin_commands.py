"""Commands of plugins, including the bundled `mcpstore plugins`."""

from __future__ import annotations

import re
import sys
from textwrap import dedent

import pytest


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a plugin of one module for the duration of the test."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    names = []

    def put(name, source):
        (site / f"acme_{name}.py").write_text("from mcpstore.hooks import *\n" + dedent(source))
        info = site / f"acme_{name}-2.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{name}\nVersion: 2.5\n")
        (info / "entry_points.txt").write_text(f"[mcpstore.plugins]\n{name} = acme_{name}\n")
        names.append(f"acme_{name}")

    yield put
    for name in names:
        sys.modules.pop(name, None)


INVENTORY = """
    from typing import Annotated
    import typer

    async def inventory(call, owner: Annotated[str, typer.Option(help="Whose.")] = "all"):
        services = await call.ask("list")
        if call.as_json:
            call.show([owner, len(services)])
        else:
            call.table(("OWNER", "STATUS"), [(owner, "active")])
            call.note("that is all")
        return 1 if owner == "none" else None

    async def count(call, least: int = 0):
        call.show(f"at least {least}")

    @hookimpl
    def mcpstore_commands():
        yield Command(name="inventory", help="List who owns what.", load=lambda: inventory)
        yield Command(name="inventory count", help="Count them.", load=lambda: count)
        yield Command(name="list", help="Take the place of ours.", load=lambda: count)
"""


def test_a_plugin_command_is_called_with_its_own_options(shell, install):
    install("inventory", INVENTORY)
    shell.config()
    assert shell("inventory", "--owner", "ops", "--json").json == ["ops", 0]
    result = shell("inventory")
    assert result.out.split() == ["OWNER", "STATUS", "all", "active"]
    assert result.err == "that is all\n"
    assert shell("inventory", "--owner", "none").code == 1


def test_a_subcommand_is_called_and_its_parent_is_not(shell, install):
    install("inventory", INVENTORY)
    assert shell("inventory", "count", "--least", "3").out == "at least 3\n"


def test_plugin_commands_are_in_the_help_and_cannot_replace_built_in_ones(shell, install):
    install("inventory", INVENTORY)
    helped = shell("--help").out
    assert "List who owns what." in helped
    assert "Take the place of ours." not in helped
    shell.config()
    assert shell("list").code == 0


def test_a_blocked_plugin_has_no_commands(shell, install):
    install("inventory", INVENTORY)
    assert shell("--block", "inventory", "inventory").code == 2
    assert shell("--no-plugins", "inventory").code == 2


def test_a_broken_plugin_command_is_reported_without_a_traceback(shell, install):
    install(
        "broken", "@hookimpl\ndef mcpstore_commands():\n    yield Command(name='oops', help='', load=lambda: 1 / 0)\n"
    )
    result = shell("oops")
    assert (result.code, result.out) == (1, "")
    assert "plugin 'oops' offers a command that cannot be used: division by zero" in result.err


def test_the_details_of_a_plugin_include_its_origin_and_its_errors(shell, install):
    install("broken", "raise SystemExit(4)")
    shell.config()
    result = shell("plugins", "show", "broken")
    assert result.code == 1
    assert result.out.splitlines() == [
        "broken is broken",
        "  from         acme-broken 2.5",
        "  entry point  acme_broken",
        "  history      raised SystemExit: 4",
        "  → repair it, upgrade it, or block it with MCPSTORE_BLOCK_PLUGINS=broken",
    ]
    assert shell("plugins", "show", "acme-broken", "--json").json[0]["error"] == "raised SystemExit: 4"


def test_the_details_of_a_plugin_without_errors_are_short(shell):
    shell.config()
    result = shell("plugins", "show", "stdio")
    assert result.code == 0
    assert "stdio is active" in result.out
    assert "transport stdio" in result.out


def test_the_error_for_an_unknown_plugin_lists_the_known_ones(shell):
    shell.config()
    result = shell("plugins", "show", "nonsense")
    assert result.code == 4
    assert "plugin 'nonsense' is unknown" in result.err
    assert {plugin["name"] for plugin in shell("plugins", "--json").json} <= set(re.findall(r"\w+", result.err))


def test_the_error_for_a_misspelt_plugin_suggests_a_name(shell):
    shell.config()
    assert "did you mean 'stdio'?" in shell("plugins", "show", "stdoi").err


def test_the_list_of_plugins_shows_version_status_time_and_offers(shell, install):
    install("broken", "import there_is_no_such_module")
    shell.config()
    rows = {line.split()[0]: line for line in shell("plugins").out.splitlines()}
    assert "acme-broken 2.5" in rows["broken"]
    assert "No module named 'there_is_no_such_module'" in rows["broken"]
    assert " ms " in rows["stdio"]
    listed = {plugin["name"]: plugin for plugin in shell("plugins", "--json").json}
    assert listed["stdio"]["hooks"] == ["mcpstore_transports"]
    assert {"status", "version", "distribution", "error", "time_spent"} <= set(listed["stdio"])
