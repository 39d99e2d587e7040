"""How programs use the public interface; checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

from mcpstore import (
    AlertConfig,
    AsyncMCPStore,
    CallResult,
    CheckResult,
    Diagnosis,
    MCPStore,
    MCPStoreError,
    MonitoringConfig,
    NamedList,
    Recovery,
    ServiceConnectionState,
    ServiceInfo,
    ServiceMetrics,
    ServiceSnapshot,
    ServiceStatus,
    StateMetadata,
    Timing,
    Tool,
    ToolChange,
    ToolsRefresh,
)
from mcpstore.dependencies import ServiceDependencyManager
from mcpstore.recovery import ServiceAutoRecovery
from mcpstore.states import UnifiedServiceStateManager


def watch(name: str, old: ServiceConnectionState, new: ServiceConnectionState, metadata: StateMetadata) -> None:
    print(name, old, new, metadata.error_message)


def sync() -> None:
    with MCPStore({"mcpServers": {}}, monitoring_config=MonitoringConfig(check_interval=10)) as store:
        store.on_state_change(watch)
        assert_type(store.add_service({"name": "a", "command": "uvx"}), NamedList[ServiceSnapshot])
        assert_type(store.start_service("a"), bool)
        assert_type(store.list_services(), NamedList[ServiceSnapshot])
        for service in store.list_services():
            assert_type(service.run_status, ServiceStatus)
        assert_type(store.get_service_info("a"), ServiceInfo | None)
        assert_type(store.list_tools("a"), NamedList[Tool])
        assert_type(store.get_service_metrics("a"), ServiceMetrics | None)
        result = store.call_tool("echo", {"text": "x"}, service="a", timeout=5)
        assert_type(result, CallResult)
        assert_type(result.text, str)
        assert_type(store.check_services()["a"], CheckResult)
        assert_type(store.diagnose("a"), Diagnosis)
        assert_type(store.recover("a", timeout=30), Recovery)
        assert_type(store.recover_all(), NamedList[Recovery])
        assert_type(store.refresh_tools("a")["a"], ToolsRefresh)
        assert_type(store.list_unapproved_tools("a"), NamedList[ToolChange])
        assert_type(store.approve_tools("a", "send")[0].difference, tuple[str, ...])
        assert_type(store.report_health("a", "slow", response_time=2.0), bool)
        assert_type(ServiceAutoRecovery(store).check_and_recover(), NamedList[Recovery])
        assert_type(ServiceDependencyManager(store).start_all_services(), dict[str, bool])
        assert_type(UnifiedServiceStateManager(store).set_service_state("a", "disconnected"), bool)
        assert_type(store.for_agent("me").call_tool("echo"), CallResult)
        assert_type(store.close(), list[str])


async def asynchronous() -> None:
    try:
        async with AsyncMCPStore("mcp.json", state_dir="state", start=False, timing=Timing()) as store:
            store.on_state_change(watch)
            assert_type(await store.start_service("a", 30), bool)
            assert_type(await store.call_tool("echo"), CallResult)
            assert_type(await store.list_tools(), NamedList[Tool])
            assert_type(await store.read_resource("file:///x"), Mapping[str, Any])
    except MCPStoreError as error:
        print(error)


def configured() -> MonitoringConfig:
    return MonitoringConfig(alerts=AlertConfig(cooldown=60.0))
