"""Plugin with every hook; each raises an error that contains its arguments, secrets included."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import BaseModel

from mcpstore.hooks import (
    AlertHandler,
    Exporter,
    HealthStrategy,
    RecoveryPolicy,
    Refusal,
    Transport,
    hookimpl,
)


class Settings(BaseModel, extra="allow"):
    pass


def complain(*arguments: Any) -> Any:
    values = [one.model_dump() if isinstance(one, BaseModel) else one for one in arguments]
    raise RuntimeError(f"I will not work with {values!r}")


async def send(alert: Any, settings: Settings) -> None:
    complain(settings)


def send_plainly(alert: Any, settings: Settings) -> None:
    complain(settings)


async def probe(check: Any, options: Settings) -> None:
    complain(options)


@asynccontextmanager
async def connect(settings: Settings, peer: Any) -> AsyncIterator[Any]:
    complain(settings, peer)
    yield


@asynccontextmanager
async def export(settings: Settings, measurements: Any) -> AsyncIterator[None]:
    complain(settings)
    yield


@hookimpl
def mcpstore_alert_handlers() -> Any:
    yield AlertHandler(name="leaking", config=Settings, send=send)
    yield AlertHandler(name="plain_leaking", config=Settings, send=send_plainly)


@hookimpl
def mcpstore_health_strategies() -> Any:
    yield HealthStrategy(name="leaking", config=Settings, probe=probe)


@hookimpl
def mcpstore_recovery_policies() -> Any:
    yield RecoveryPolicy(name="leaking", config=Settings, decide=lambda incident, options: complain(options, incident))


@hookimpl
def mcpstore_transports() -> Any:
    yield Transport(name="leaking", config=Settings, connect=connect)


@hookimpl
def mcpstore_exporters() -> Any:
    yield Exporter(name="leaking", config=Settings, open=export)


@hookimpl
async def mcpstore_store_started(store: Any) -> None:
    complain([(await store.get_service_info(one.name)).config for one in await store.list_services()])


@hookimpl
def mcpstore_service_added(service: Any) -> None:
    complain(service)


@hookimpl
def mcpstore_state_changed(change: Any) -> None:
    complain(change)


@hookimpl
def mcpstore_authorize_call(call: Any) -> Refusal | None:
    return complain(call)
