"""Objects that all runners of one store share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from mcpstore.core.context import Limits
from mcpstore.core.registry import Registry
from mcpstore.hooks.connection import Era
from mcpstore.models.redaction import Redactor
from mcpstore.models.service import ServiceSpec
from mcpstore.models.timing import DEFAULT_TIMING, Timing
from mcpstore.plugin_manager import PluginManager
from mcpstore.runtime.admission import Admission
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.event_bus import EventBus
from mcpstore.runtime.mass_failure import MassFailureGuard
from mcpstore.runtime.ownership import OwnershipLog
from mcpstore.runtime.pinning import PinRegistry

__all__ = ["Prepared", "RunnerServices"]


@attrs.frozen(kw_only=True)
class Prepared:
    """Settings of a service, ready for its transport.

    Attributes:
        settings: Settings of the transport, with expanded variables.
        redact: Replaces the secrets of the service in a text.
    """

    settings: dict[str, Any] = attrs.field(repr=False)
    redact: Redactor = attrs.field(factory=Redactor)


@attrs.define(kw_only=True)
class RunnerServices:
    """Objects that all runners of one store share.

    Attributes:
        clock: Clock and random generators.
        registry: Specifications and catalogs of the services.
        plugins: Transports, health strategies, recovery policies.
        bus: Event bus.
        prepare: Expands the variables of a service's settings; raises `ConfigError` if one has no value.
        admission: Admission control of openings.
        guard: Mass-failure guard.
        timing: Intervals and time limits.
        limits: Limits of the lifecycle machine.
        eras: Last protocol era by configuration hash.
        live: Returns the number of services with a connection.
        last_trouble: Returns the time at which this process was last stalled, on the monotonic clock.
        reread: Requests that the configuration is read again, for a service that is registered again from its entry.
        traces: Ownership log of the processes of connections.
        pinboard: Approved tool definitions.
    """

    clock: Clock
    registry: Registry
    plugins: PluginManager
    bus: EventBus
    prepare: Callable[[ServiceSpec], Awaitable[Prepared]]
    admission: Admission
    guard: MassFailureGuard
    timing: Timing = DEFAULT_TIMING
    limits: Limits = attrs.field(factory=Limits)
    eras: dict[str, Era] = attrs.field(factory=dict[str, Era])
    live: Callable[[], int] = lambda: 0
    last_trouble: Callable[[], float] = lambda: float("-inf")
    reread: Callable[[], None] = lambda: None
    traces: OwnershipLog = attrs.field(factory=OwnershipLog)
    pinboard: PinRegistry = attrs.field(factory=PinRegistry)
