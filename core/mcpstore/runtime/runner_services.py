"""What the runners of one store share."""

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
from mcpstore.runtime.event_bus import StateEventBus
from mcpstore.runtime.mass_failure import MassFailureGuard
from mcpstore.runtime.observer import ServiceObserver
from mcpstore.runtime.ownership import OwnershipLog
from mcpstore.runtime.pinning import PinRegistry

__all__ = ["Prepared", "RunnerServices"]


@attrs.frozen(kw_only=True)
class Prepared:
    """A service ready to be opened.

    Attributes:
        settings: The settings of its transport, variables expanded.
        redact: Hides its secrets in text.
    """

    settings: dict[str, Any] = attrs.field(repr=False)
    redact: Redactor = attrs.field(factory=Redactor)


@attrs.define(kw_only=True)
class RunnerServices:
    """What the runners of one store share.

    Attributes:
        clock: Time and chance.
        registry: What is known of every service.
        plugins: Transports, strategies, policies.
        bus: Who hears of state changes.
        prepare: Expands the variables of a service's settings; raises `ConfigError` if one has no value.
        admission: Who may open now.
        guard: When failures are our own fault.
        timing: How long everything takes.
        limits: How often is too often.
        eras: The protocol era each configuration was spoken with last, by `era_key`.
        live: Returns how many services have a connection.
        last_trouble: Returns when this process last stood still.
        reread: Asks for the configuration to be read again soon, because a service is made anew from its entry.
        witness: Is told what happens.
        traces: Names what connections have on this machine, and writes it down.
        pinboard: What the tools of services were when somebody approved them.
    """

    clock: Clock
    registry: Registry
    plugins: PluginManager
    bus: StateEventBus
    prepare: Callable[[ServiceSpec], Awaitable[Prepared]]
    admission: Admission
    guard: MassFailureGuard
    timing: Timing = DEFAULT_TIMING
    limits: Limits = attrs.field(factory=Limits)
    eras: dict[str, Era] = attrs.field(factory=dict[str, Era])
    live: Callable[[], int] = lambda: 0
    last_trouble: Callable[[], float] = lambda: float("-inf")
    reread: Callable[[], None] = lambda: None
    witness: ServiceObserver = attrs.field(factory=ServiceObserver)
    traces: OwnershipLog = attrs.field(factory=OwnershipLog)
    pinboard: PinRegistry = attrs.field(factory=PinRegistry)
