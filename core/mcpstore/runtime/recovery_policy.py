"""Decision after a close: the recovery policy chooses the delay or gives up; the kernel sets the least delay."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Iterable
from typing import Any, Final

import attrs

from mcpstore.core.backoff import cool_delay, cool_floor, retry_delay, retry_floor
from mcpstore.core.context import Context, Next
from mcpstore.errors import ConfigError, PluginError
from mcpstore.hooks.recovery import FailureContext, GiveUp, RecoveryPolicy, Reregister, Retry
from mcpstore.models.service import Reason, RestartOption, ServiceSpec
from mcpstore.plugin_manager.loaded_plugin import describe_error
from mcpstore.runtime.runner_services import RunnerServices
from mcpstore.runtime.validation import validated

__all__ = ["Decision", "decide"]

_log = logging.getLogger("mcpstore.runtime")


@attrs.frozen(kw_only=True)
class Decision:
    """Decision about a closed service.

    Attributes:
        delay: Time until the next connection attempt, in seconds.
        gives_up: Why there is no automatic attempt; empty if there is one.
        reregisters: Whether the service is registered again from its configuration entry.
    """

    delay: float = 0.0
    gives_up: str = ""
    reregisters: bool = False


NO_DECISION: Final = Decision()

Answer = Retry | Reregister | GiveUp
ANSWERS: Final = (Retry, Reregister, GiveUp)


async def decide(
    spec: ServiceSpec,
    ctx: Context,
    shared: RunnerServices,
    random_source: random.Random,
    *,
    exit_code: int | None,
    error: str,
    retry_after: float | None,
    attempts: Iterable[float] = (),
) -> Decision:
    """Return the decision about a service that has just been closed.

    Args:
        spec: The service.
        ctx: Its context; there is a decision only if BACKOFF or COOL follows.
        shared: Objects that all runners of the store share.
        random_source: Random generator of the service, for jitter.
        exit_code: Exit code, if its process exited by itself.
        error: Error message.
        retry_after: Wait that the server requested, in seconds.
        attempts: Times of automatic attempts on the monotonic clock, oldest first.
    """
    if ctx.next_act not in (Next.BACKOFF, Next.COOL):
        return NO_DECISION
    if spec.restart is RestartOption.NEVER:
        return Decision(gives_up="its restart option is 'never'")
    if spec.restart is RestartOption.ON_FAILURE and exit_code == 0:
        return Decision(gives_up="it ended with exit code 0 and its restart option is 'on-failure'")
    now = shared.clock.now()
    incident = attrs.evolve(
        _incident(spec, ctx, shared, random_source),
        exit_code=exit_code,
        error=error,
        attempts_ago=tuple(now - time for time in reversed(tuple(attempts))),
    )
    answer = await shared.plugins.decide("mcpstore_choose_recovery", incident=incident)
    if not isinstance(answer, ANSWERS):
        answer = await _ask_policy(spec, incident, shared)
    if isinstance(answer, GiveUp):
        return Decision(gives_up=str(answer.why) or "its recovery policy says so")
    delay = incident.delay if answer is None else _delay(answer, incident)
    return Decision(delay=max(delay, retry_after or 0.0), reregisters=isinstance(answer, Reregister))


def _incident(spec: ServiceSpec, ctx: Context, shared: RunnerServices, random_source: random.Random) -> FailureContext:
    timing, u = shared.timing, random_source.random()
    is_round = ctx.next_act is Next.COOL
    return FailureContext(
        service=spec.name,
        attempt=ctx.attempts,
        rounds=ctx.failed_rounds,
        reason=ctx.reason if is_round else Reason.NONE,
        delay=cool_delay(timing, ctx.reason, ctx.failed_rounds, u)
        if is_round
        else retry_delay(timing, ctx.backoff_exponent, u),
        floor=cool_floor(timing, ctx.reason, ctx.failed_rounds)
        if is_round
        else retry_floor(timing, ctx.backoff_exponent),
        restart=spec.restart,
    )


def _delay(answer: Retry | Reregister, incident: FailureContext) -> float:
    """Return the delay that the policy chose, in seconds; at least the floor."""
    after: object = answer.after
    if isinstance(after, int | float) and math.isfinite(after):
        return max(float(after), incident.floor)
    _log.warning(
        "service %r: the recovery policy returned an invalid delay (got %r); the built-in timing is used",
        incident.service,
        after,
    )
    return incident.delay


async def _ask_policy(spec: ServiceSpec, incident: FailureContext, shared: RunnerServices) -> Answer | None:
    try:
        policy: RecoveryPolicy[Any] = await shared.plugins.get_offer_async("recovery policy", spec.recovery.name)
        answer: object = policy.decide(incident, validated(policy.config, dict(spec.recovery.options), policy.name))
    except PluginError as error:
        _log.warning("service %r: %s; the built-in timing is used", spec.name, error)
        return None
    except ConfigError as error:
        message = "service %r: recovery policy %r: %s; the built-in timing is used"
        _log.warning(message, spec.name, spec.recovery.name, error)
        return None
    except Exception as error:  # noqa: BLE001 - a policy that fails has no opinion
        _log.warning(
            "service %r: recovery policy %r %s; the built-in timing is used",
            spec.name,
            spec.recovery.name,
            shared.plugins.secrets(describe_error(error)),
        )
        return None
    return answer if isinstance(answer, ANSWERS) else None
