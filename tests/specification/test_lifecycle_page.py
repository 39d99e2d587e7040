"""Diagram, figures and names of the page on the lifecycle hold, with a real server."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import sys
import threading
from pathlib import Path

import pytest

from mcpstore import MCPStore, states
from mcpstore.errors import ToolError
from mcpstore.models.service import ServiceConnectionState
from mcpstore.models.timing import DEFAULT_TIMING

S = ServiceConnectionState
SERVER = {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", "a"]}
FOLDER = Path(os.environ.get("MCPSTORE_SPECIFICATION", "/nonexistent"))


@pytest.fixture
def page():
    if not FOLDER.is_dir():
        pytest.skip("MCPSTORE_SPECIFICATION names no folder")
    return next(FOLDER.glob("003_*")).read_text("utf-8")


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps({"mcpServers": {"a": SERVER}}))
    return path


@pytest.fixture
def store(config, tmp_path):
    with MCPStore(config, state_dir=tmp_path / "state") as created:
        assert created.wait_service("a", timeout=60)
        yield created


def test_every_transition_in_its_diagram_exists_in_the_state_machine(page):
    drawn = {(old, new) for old, new in re.findall(r"^([A-Z]{5,}) --> ([A-Z]{5,})", page, re.MULTILINE)}
    assert len(drawn) == 13
    for old, new in drawn:
        assert states.UnifiedServiceStateManager.validate_transition(S[old], S[new]), (old, new)


def test_its_seven_states_exist(page):
    assert {S[name] for name in re.findall(r"- ([A-Z]{5,}):", page)} == set(S)


def test_its_figures_are_the_defaults():
    assert (DEFAULT_TIMING.check_interval, DEFAULT_TIMING.tools_refresh) == (30, 7200)


def test_every_component_it_names_exists(page):
    for name in ("HealthStatusBridge", "UnifiedServiceStateManager", "handle_health_check_result_enhanced"):
        assert name in page
        assert name in states.__all__
    assert "ToolsUpdateMonitor" in page
    assert "ToolsUpdateMonitor" in states.__all__


def test_a_context_returns_one_of_the_seven_states(store):
    assert store.for_store().get_service_status("a") is S.HEALTHY
    assert store.get_service_status("a") == "running"


def test_a_restart_drives_the_state_machine(store):
    seen, back = [], threading.Event()

    def note(_name, old, new, _metadata):
        seen.append((old, new))
        if new is S.HEALTHY:
            back.set()

    store.on_state_change(note)
    assert store.for_store().restart_service("a") is True
    assert back.wait(60)
    assert seen == [(S.HEALTHY, S.RECONNECTING), (S.RECONNECTING, S.HEALTHY)]


def test_lists_are_read_from_memory_even_while_the_service_does_not_answer(store):
    pid = store.get_service_info("a").pid
    os.kill(pid, signal.SIGSTOP)
    try:
        assert store.list_tools("a").names() == ["greet", "add"]
        assert store.list_services().names() == ["a"]
    finally:
        os.kill(pid, signal.SIGCONT)


def test_tools_are_listed_again_after_a_reconnect(store):
    monitor = states.ToolsUpdateMonitor(store)
    before = monitor.get_update_status()["a"].time
    os.kill(store.get_service_info("a").pid, signal.SIGKILL)
    assert store.wait_service("a", "reconnecting", timeout=60)
    assert store.wait_service("a", timeout=60)
    after = monitor.get_update_status()["a"]
    assert (after.cause, after.tool_count) == ("connected", 2)
    assert after.time > before


def test_a_failed_call_is_raised_by_default_and_keeps_the_connection(store):
    with pytest.raises(ToolError):
        store.call_tool("add", {"a": 1})
    assert store.call_tool("add", {"a": 1}, raise_on_error=False).is_error
    assert store.for_store().get_service_status("a") is S.HEALTHY


def test_an_external_health_result_is_applied_with_all_its_fields(store):
    after = states.handle_health_check_result_enhanced(store, "a", "unhealthy", 0.2, "the numbers are wrong")
    assert after is S.UNHEALTHY
    assert store.get_service_info("a").state_metadata.error_message == "the numbers are wrong"
    assert store.check_services("a")["a"].healthy


def test_the_configuration_is_one_file_and_sufficient_for_a_restart(config, tmp_path):
    with MCPStore(config, state_dir=tmp_path / "one") as store:
        store.add_service({"name": "b", **SERVER}, wait=60)
    assert set(json.loads(config.read_text())["mcpServers"]) == {"a", "b"}
    with MCPStore(config, state_dir=tmp_path / "two") as store:
        assert store.list_services().names() == ["a", "b"]
        assert store.wait_service("a", timeout=60)
        assert store.wait_service("b", timeout=60)
        assert len(store.list_tools()) == 4


def test_an_unreachable_service_is_not_logged_as_an_error(tmp_path, caplog):
    caplog.set_level(logging.DEBUG, "mcpstore")
    config = {"mcpServers": {"gone": {"command": "false"}}}
    with MCPStore(config, state_dir=tmp_path / "state") as store:
        assert store.start_service("gone") is False
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
