"""What one line in a conftest brings."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from mcpstore import hookimpl
from mcpstore.errors import NotReady
from mcpstore.hooks import RecoveryPolicy
from mcpstore.models.service import ServiceConnectionState
from mcpstore.testing.fixtures import *  # noqa: F403 - as `pytest_plugins` does it
from mcpstore_plugins import ping


async def test_an_outage_of_a_day_is_simulated_in_an_instant(open_store, scripted, clock):
    server = scripted.server("weather")
    store = await open_store({"mcpServers": {"weather": scripted.entry("weather")}})
    assert await store.wait_service("weather", timeout=60)
    server.open_error = NotReady("the database is down")
    server.die(1)
    began = clock.now()
    await asyncio.sleep(86_400)
    assert clock.now() - began >= 86_400
    assert not await store.wait_service("weather", timeout=0.1)
    server.open_error = None
    assert await store.wait_service("weather", ServiceConnectionState.HEALTHY, timeout=360)


async def test_a_plugin_is_used_together_with_the_scripted_transport(open_store, scripted):
    seen = []

    class Notes:
        @hookimpl
        def mcpstore_state_changed(self, change):
            seen.append((change.service, change.new))

    store = await open_store({"mcpServers": {"a": scripted.entry("a")}}, plugins={"notes": Notes()})
    assert await store.wait_service("a", timeout=60)
    await store.close()
    assert ("a", "healthy") in seen


async def test_plugins_are_loaded_as_if_they_were_installed(load_plugins):
    class Broken:
        @hookimpl
        def mcpstore_recovery_policies(self):
            return [RecoveryPolicy(name="x", config=dict, decide=None), "not a record"]

    manager = load_plugins(
        ping=ping, broken=Broken(), missing="no_such_module_at_all", again="mcpstore_plugins.backoff"
    )
    by_name = {plugin.name: plugin for plugin in manager.list()}
    assert by_name["ping"].status == "active"
    assert by_name["ping"].offers == ("health strategy ping",)
    assert by_name["again"].offers == ("recovery policy backoff",)
    assert by_name["broken"].status == "broken"
    assert "must return RecoveryPolicy records (got str)" in by_name["broken"].error
    assert "No module named 'no_such_module_at_all'" in by_name["missing"].error


@pytest.mark.parametrize("module", ["fixtures", "suites"])
def test_without_pytest_the_kit_reports_how_to_install_it(module):
    code = f"import sys; sys.modules['pytest'] = None; import mcpstore.testing; import mcpstore.testing.{module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: the fixtures and suites of mcpstore.testing need pytest, which is not installed; "
        "install it: pip install 'mcpstore-manager[testing]'"
    )


def test_the_rest_of_the_kit_works_without_pytest():
    modules = ("faults", "fault_server.options", "leftovers", "loop", "reference", "scripted")
    imports = "; ".join(f"import mcpstore.testing.{module}" for module in modules)
    subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import sys; sys.modules['pytest'] = None; {imports}"], check=True
    )
