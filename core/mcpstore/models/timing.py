"""Timings of the lifecycle; all durations in seconds."""

from __future__ import annotations

import attrs

from mcpstore.errors import ConfigError

__all__ = ["DEFAULT_TIMING", "Timeouts", "Timing"]


@attrs.frozen(kw_only=True)
class Timeouts:
    """Timeouts of one service, in seconds; None means the default of its transport or of the manager.

    Attributes:
        connect: From the start of an attempt to the open channel (TCP connect).
        handshake: From the open channel to the end of the handshake and of the first list of tools.
        check: Of one health check.
        call: Of a call, counted from the last progress report.
    """

    connect: float | None = None
    handshake: float | None = None
    check: float | None = None
    call: float | None = None


@attrs.frozen(kw_only=True)
class Timing:
    """Timings of the lifecycle and their defaults; durations in seconds, jitters as fractions of their duration.

    docs/explanation/lifecycle.md explains the values.

    Raises:
        ConfigError: A value is out of its range, or two values contradict each other.
    """

    check_interval: float = 30.0
    check_interval_warning: float = 10.0
    check_jitter: float = 0.1
    fast_interval: float = 5.0
    check_timeout: float = 10.0
    slow_enter: float = 1.0
    slow_leave: float = 0.8
    connect_timeout: float = 5.0
    call_timeout: float = 120.0
    backoff_base: float = 1.0
    backoff_cap: float = 60.0
    attempts: int = 10
    cool_base: float = 60.0
    cool_cap: float = 300.0
    cool_permanent: float = 1800.0
    cool_jitter: float = 0.2
    window_burst: int = 5
    window: float = 600.0
    stable: float = 600.0
    reap_interval: float = 30.0
    deadline_margin: float = 5.0
    close_polite: float = 2.0
    close_term: float = 3.0
    close_kill: float = 2.0
    tools_refresh: float = 7200.0
    tools_refresh_floor: float = 1.0
    dependency_wait: float = 60.0

    def __attrs_post_init__(self) -> None:
        for field in attrs.fields(Timing):
            value = getattr(self, field.name)
            if not value >= 0:
                raise ConfigError(f"{field.name}: must not be negative (got {value!r})")
        for name in ("check_jitter", "cool_jitter"):
            if (value := getattr(self, name)) >= 1:  # otherwise the delay could be 0, against invariant I8
                raise ConfigError(f"{name}: must be below 1 (got {value!r}); lower it")
        if self.backoff_base == 0:
            raise ConfigError("backoff_base: must be above 0 (got 0); raise it")
        self._require(self.backoff_cap >= self.backoff_base, "backoff_cap", "backoff_base")
        self._require(self.cool_base >= self.backoff_cap, "cool_base", "backoff_cap")
        self._require(self.cool_cap >= self.cool_base, "cool_cap", "cool_base")
        self._require(self.check_interval >= self.check_timeout, "check_interval", "check_timeout")

    def _require(self, holds: bool, larger: str, smaller: str) -> None:
        if not holds:
            got = f"{larger}={getattr(self, larger):g}, {smaller}={getattr(self, smaller):g}"
            raise ConfigError(f"{larger} must not be below {smaller} (got {got}); raise {larger}")

    @property
    def close_timeout(self) -> float:
        """Maximum duration of a close, in seconds: the sum of its three steps."""
        return self.close_polite + self.close_term + self.close_kill

    def warnings(self) -> list[str]:
        """Return warnings about values that are valid but have no effect."""
        if self.window_burst * self.backoff_cap > self.window:
            message = (
                f"window_burst: {self.window_burst} losses at {self.backoff_cap:g} s apart do not fit into "
                f"{self.window:g} s, so the restart window never fills; raise window or lower backoff_cap"
            )
            return [message]
        return []

    def scaled(self, factor: float) -> Timing:
        """Return the same timing with every duration multiplied by `factor`; counts and jitters do not change."""
        unscaled = {"check_jitter", "cool_jitter", "attempts", "window_burst"}
        changes = {f.name: getattr(self, f.name) * factor for f in attrs.fields(Timing) if f.name not in unscaled}
        return attrs.evolve(self, **changes)


DEFAULT_TIMING = Timing()
