"""When a service is opened again: its recovery policy decides, the kernel's floors hold."""

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
    """What is done about a closed service.

    Attributes:
        delay: Seconds until it is opened again.
        gives_up: Why it is not opened again by itself; empty if it is.
        anew: Whether it is made anew from its stored entry.
    """

    delay: float = 0.0
    gives_up: str = ""
    anew: bool = False


NOTHING: Final = Decision()

Answer = Retry | Reregister | GiveUp
ANSWERS: Final = (Retry, Reregister, GiveUp)


async def decide(
    spec: ServiceSpec,
    ctx: Context,
    shared: RunnerServices,
    dice: random.Random,
    *,
    exit_code: int | None,
    error: str,
    retry_after: float | None,
    attempts: Iterable[float] = (),
) -> Decision:
    """Return what is done about a service that has just been closed.

    Args:
        spec: The service.
        ctx: Its context; only where it is to back off or to cool down is there anything to decide.
        shared: What the runners share.
        dice: Its own generator, for jitter.
        exit_code: Exit code, if its process ended by itself.
        error: What went wrong, in words.
        retry_after: Seconds the service asked to be left alone.
        attempts: When attempts were made that nobody asked for, on the monotonic clock, oldest first.
    """
    if ctx.next_act not in (Next.BACKOFF, Next.COOL):
        return NOTHING
    if spec.restart is RestartOption.NEVER:
        return Decision(gives_up="its restart option is 'never'")
    if spec.restart is RestartOption.ON_FAILURE and exit_code == 0:
        return Decision(gives_up="it ended with exit code 0 and its restart option is 'on-failure'")
    now = shared.clock.now()
    incident = attrs.evolve(
        _incident(spec, ctx, shared, dice),
        exit_code=exit_code,
        error=error,
        attempts_ago=tuple(now - made for made in reversed(tuple(attempts))),
    )
    answer = await shared.plugins.decide("mcpstore_choose_recovery", incident=incident)
    if not isinstance(answer, ANSWERS):
        answer = await _ask_policy(spec, incident, shared)
    if isinstance(answer, GiveUp):
        return Decision(gives_up=str(answer.why) or "its recovery policy says so")
    delay = incident.delay if answer is None else _delay(answer, incident)
    return Decision(delay=max(delay, retry_after or 0.0), anew=isinstance(answer, Reregister))


def _incident(spec: ServiceSpec, ctx: Context, shared: RunnerServices, dice: random.Random) -> FailureContext:
    timing, u = shared.timing, dice.random()
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
    """Return how long to wait: what was answered, but never less than the floor."""
    after: object = answer.after
    if isinstance(after, int | float) and math.isfinite(after):
        return max(float(after), incident.floor)
    _log.warning(
        "service %r: its recovery policy answered with a wait of %r; the built-in timing is used",
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
        told = "service %r: recovery policy %r: %s; the built-in timing is used"
        _log.warning(told, spec.name, spec.recovery.name, error)
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
