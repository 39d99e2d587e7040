"""The public records of a service."""

from __future__ import annotations

import importlib
import json
from datetime import datetime

import pytest

from mcpstore.models import service
from mcpstore.models.catalog import Catalog, Prompt, Resource, Tool
from mcpstore.models.record import NamedList
from mcpstore.models.service import (
    LIVE_STATES,
    Choice,
    Reason,
    RestartOption,
    ServiceConnectionState,
    ServiceInfo,
    ServiceSpec,
    ServiceStatus,
    StateMetadata,
    ToolPinning,
)


def test_there_are_seven_connection_states_and_seven_run_statuses():
    assert len(ServiceConnectionState) == 7
    assert len(ServiceStatus) == 7


def test_unreachable_is_another_name_of_disconnected():
    assert ServiceConnectionState.UNREACHABLE is ServiceConnectionState.DISCONNECTED


def test_tools_can_be_called_in_four_states():
    assert {state.value for state in LIVE_STATES} == {"healthy", "warning", "unhealthy", "unknown"}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_comes_from_the_operator_or_the_manager(reason):
    assert reason.is_automatic == (reason in {"exhausted", "intensity", "permanent"})


def test_states_and_options_are_written_in_their_usual_spelling():
    assert (
        f"{ServiceConnectionState.HEALTHY} {RestartOption.ON_FAILURE} {ToolPinning.WARN}" == "healthy on-failure warn"
    )


def test_a_service_has_sensible_defaults():
    spec = ServiceSpec(name="files", transport="stdio")

    assert spec.enabled
    assert (spec.health, spec.recovery) == (Choice("ping"), Choice("backoff"))
    assert (spec.restart, spec.tool_pinning) == (RestartOption.ALWAYS, ToolPinning.WARN)


def test_a_specification_does_not_show_its_settings():
    spec = ServiceSpec(name="x", transport="stdio", settings={"env": {"K": "s3cr3t"}}, entry={"env": {"K": "s3cr3t"}})

    assert "s3cr3t" not in repr(spec)


def test_only_changes_of_the_connection_require_a_new_one():
    spec = ServiceSpec(name="x", transport="stdio", settings={"command": "a"})

    assert spec.connects_like(ServiceSpec(name="x", transport="stdio", settings={"command": "a"}, depends_on=("y",)))
    assert not spec.connects_like(ServiceSpec(name="x", transport="stdio", settings={"command": "b"}))
    assert not spec.connects_like(ServiceSpec(name="x", transport="sse", settings={"command": "a"}))


def info(**fields):
    return ServiceInfo(
        name="files",
        status=ServiceStatus.RUNNING,
        run_status=ServiceStatus.RUNNING,
        connection_state=ServiceConnectionState.HEALTHY,
        transport="stdio",
        **fields,
    )


def test_an_info_keeps_its_full_configuration_but_shows_it_masked():
    files = info(config={"command": "npx", "env": {"KEY": "s3cr3t-value"}})

    assert files.config["env"]["KEY"] == "s3cr3t-value"
    assert files.to_dict()["config"] == {"command": "npx", "env": {"KEY": "***"}}
    assert "s3cr3t" not in repr(files)
    assert "s3cr3t" not in json.dumps(files.to_dict())


def test_the_json_of_an_info_is_complete():
    tool = Tool(name="read", service="files")
    metadata = StateMetadata(state_entered_time=datetime.fromisoformat("2025-01-02"), reason=Reason.EXHAUSTED)

    data = json.loads(json.dumps(info(tools=NamedList([tool]), state_metadata=metadata).to_dict()))

    assert data["tools"][0]["name"] == "read"
    assert data["connection_state"] == "healthy"
    assert data["state_metadata"]["reason"] == "exhausted"
    assert data["state_metadata"]["last_success_time"] is None


def test_unambiguous_names_include_the_service():
    assert Tool(name="read", service="files").full_name == "files/read"
    assert Prompt(name="ask", service="files").full_name == "files/ask"


def test_a_new_catalog_is_empty():
    catalog = Catalog()

    assert (len(catalog.tools), len(catalog.resources), len(catalog.prompts)) == (0, 0, 0)
    assert not Resource(name="r", service="files", uri="file:///r").is_template


@pytest.mark.parametrize("name", ["ServiceConnectionState", "ServiceStatus", "StateMetadata"])
def test_the_import_path_of_the_specification_leads_to_the_same_class(name):
    path = "mcpstore.core.models.service"
    assert getattr(importlib.import_module(path), name) is getattr(service, name)
