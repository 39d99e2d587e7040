"""Records of a service as it is now, read from its runner."""

from __future__ import annotations

from typing import Any

from mcpstore.core.context import run_status
from mcpstore.models.catalog import Catalog
from mcpstore.models.json_types import as_text
from mcpstore.models.redaction import masked, masked_command, masked_url
from mcpstore.models.service import (
    ServiceConnectionState,
    ServiceInfo,
    ServiceSnapshot,
    ServiceStatus,
)
from mcpstore.runtime.service_runner import ServiceRunner
from mcpstore.store.results import CheckResult

__all__ = ["check_result", "info", "reported_status", "snapshot"]


def reported_status(runner: ServiceRunner, *, as_run_status: bool) -> ServiceStatus | ServiceConnectionState:
    """Return the status of a service: the run status for a store, the connection state for a context."""
    return run_status(runner.ctx) if as_run_status else runner.ctx.connection


def snapshot(runner: ServiceRunner, catalog: Catalog, *, as_run_status: bool) -> ServiceSnapshot:
    """Return the service as lists show it."""
    return ServiceSnapshot(**_common(runner, catalog, as_run_status=as_run_status))


def info(runner: ServiceRunner, catalog: Catalog, config: dict[str, Any], *, as_run_status: bool) -> ServiceInfo:
    """Return the service with every detail.

    Args:
        runner: Its runner.
        catalog: Its tools, resources and prompts.
        config: Its entry, in the form that `add_service` accepts.
        as_run_status: Whether `status` is the run status.
    """
    session = runner.session
    connection = session.connection if session is not None and runner.is_live else None
    return ServiceInfo(
        **_common(runner, catalog, as_run_status=as_run_status),
        config=config,
        tools=catalog.tools,
        uptime=runner.uptime,
        last_verified_age=runner.checks.last_verified_age,
        active_connections=0 if connection is None else 1,
        state_metadata=runner.history.metadata(runner.ctx),
        pid=session.pid if session is not None else None,
        protocol_version=None if connection is None else connection.protocol_version,
        server_name=None if connection is None else connection.server.name or None,
        server_version=None if connection is None else connection.server.version or None,
        containment=getattr(connection, "containment", None),
        buffers=(*runner.buffers, *getattr(connection, "buffers", ())),
    )


def check_result(runner: ServiceRunner, *, as_run_status: bool) -> CheckResult:
    """Return the result of the last health check of a service."""
    state = runner.ctx.connection
    return CheckResult(
        name=runner.spec.name,
        status=reported_status(runner, as_run_status=as_run_status),
        run_status=run_status(runner.ctx),
        connection_state=state,
        healthy=state in (ServiceConnectionState.HEALTHY, ServiceConnectionState.WARNING),
        response_time=1000 * (runner.history.response_time or 0.0),
        success_rate=runner.history.success_rate,
        error=_problem(runner),
    )


def _common(runner: ServiceRunner, catalog: Catalog, *, as_run_status: bool) -> dict[str, Any]:
    spec = runner.spec
    url, command = as_text(spec.settings.get("url")), as_text(spec.settings.get("command"))
    return {
        "name": spec.name,
        "status": reported_status(runner, as_run_status=as_run_status),
        "run_status": run_status(runner.ctx),
        "connection_state": runner.ctx.connection,
        "transport": spec.transport,
        "url": None if url is None else masked_url(url),
        "command": None if command is None else masked_command(command),
        "args": tuple(map(str, masked(spec.settings.get("args") or ()))),
        "tool_count": len(catalog.tools),
        "enabled": spec.enabled,
        "description": spec.description,
        "depends_on": spec.depends_on,
        "error": _problem(runner),
    }


def _problem(runner: ServiceRunner) -> str | None:
    """Return what is wrong with a service; None if it is running, or was stopped on request."""
    if run_status(runner.ctx) in (ServiceStatus.RUNNING, ServiceStatus.STOPPED):
        return None
    return runner.history.note or runner.history.error
