"""Flaws of the runtime, injected deliberately. Each must be detected by an oracle; add one for every fixed bug.

A flaw is a change of the source text of one function, made in memory. If the code has changed and the text to
replace no longer exists, the test fails: rewrite the flaw, do not delete it.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import attrs

from mcpstore.runtime import service_runner
from tests.model_check import Patch, patched
from tests.simulation import Broken, Plan, simulate

DAILY = {"orders": 0.0, "happenings": 0.0}
ORDERED = {"orders": 40.0, "happenings": 0.0}


@attrs.frozen(kw_only=True)
class Flaw:
    """A deliberate bug, the oracle that must detect it, and the fleet in which it does."""

    name: str
    found_by: str
    module: str
    where: str
    old: str
    new: str
    plan: Plan

    def broken(self, monkeypatch: Any) -> Broken | None:
        """Return the promise that is broken with the flaw, or None."""
        self.put_in(monkeypatch)
        return simulate(self.plan).broken

    def put_in(self, monkeypatch: Any) -> None:
        """Inject the flaw into the runtime."""
        if self.module.startswith("core."):
            kernel = patched(Patch(self.module.removeprefix("core."), self.old, self.new))
            monkeypatch.setattr(service_runner, "step", kernel.step)
            return
        module = importlib.import_module(f"mcpstore.{self.module}")
        source = inspect.getsource(module)
        if (count := source.count(self.old)) != 1:
            raise ValueError(f"text to replace stands {count} times in {self.module}; it must be once: {self.old!r}")
        copy: dict[str, Any] = dict(vars(module))
        exec(compile(source.replace(self.old, self.new), f"<flawed {self.module}>", "exec"), copy)
        owner, _, name = self.where.rpartition(".")
        if owner:
            monkeypatch.setattr(getattr(module, owner), name, vars(copy[owner])[name])
        else:
            monkeypatch.setattr(module, name, copy[name])


def fleet(*kinds: str, services: int = 6, days: float = 0.2, **more: float) -> Plan:
    """Return a small fleet in these worlds."""
    return Plan(services=services, days=days, kinds=kinds, **{**DAILY, **more})


FLAWS = (
    Flaw(
        name="the timer of a retry is not armed",
        found_by="I3",
        module="runtime.timers",
        where="Timers.arm",
        old="handle = None if delay is None else",
        new="handle = None if delay is None or timer is Timer.RETRY else",
        plan=fleet("dead"),
    ),
    Flaw(
        name="an opening has no deadline",
        found_by="I3",
        module="runtime.service_runner",
        where="ServiceRunner._on_admitted",
        old="if self.ctx.activity is Act.CONNECT:",
        new="if self.ctx.activity is None:",
        plan=fleet("hanging"),
    ),
    Flaw(
        name="a failed opening keeps its turn for ever",
        found_by="I3",
        module="runtime.admission",
        where="_Slot.leave",
        old="        if self._is_held:\n            self._slots.free.release()",
        new="        if self._is_held:\n            pass",
        plan=fleet("dead"),
    ),
    Flaw(
        name="a rest never ends",
        found_by="I3",
        module="runtime.timers",
        where="Timers.start",
        old="delay = None if action.never or self._recovery.decision.gives_up else",
        new="delay = None if timer is Timer.COOL or self._recovery.decision.gives_up else",
        plan=fleet("dead"),
    ),
    Flaw(
        name="a stop is not heard between two attempts",
        found_by="I4",
        module="runtime.service_runner",
        where="ServiceRunner.stop",
        old="        self.post(ev.Stop())",
        new="        if self.ctx.timer is not ev.Timer.RETRY:\n            self.post(ev.Stop())",
        plan=fleet("dead", **ORDERED),
    ),
    Flaw(
        name="a retry survives a stop",
        found_by="I4",
        module="core.lifecycle",
        where="step",
        old="m.set(desired=Desired.STOP, timer=Timer.NONE, by_operator=False)",
        new="m.set(desired=Desired.STOP, by_operator=False)",
        plan=fleet("dead", **ORDERED),
    ),
    Flaw(
        name="waits are not jittered",
        found_by="I9",
        module="runtime.recovery_policy",
        where="_incident",
        old="timing, u = shared.timing, random_source.random()",
        new="timing, u = shared.timing, 0.5",
        plan=fleet("flapping", services=30, days=0.2),
    ),
    Flaw(
        name="losses are not counted",
        found_by="I9",
        module="runtime.recovery",
        where="Recovery.stepped",
        old="            self._window.add(self._shared.clock.now())",
        new="            pass",
        plan=fleet("dying", services=10, days=1.0, interval=300.0),
    ),
    Flaw(
        name="a connect that succeeds clears the memory of trouble",
        found_by="I9",
        module="core.lifecycle",
        where="step",
        old="m.set(fails=0, undecided_checks=0, good_checks=0, by_operator=False, stable=True)",
        new="m.set(fails=0, undecided_checks=0, good_checks=0, by_operator=False, stable=True, "
        "attempts=0, backoff_exponent=0, failed_rounds=0)",
        plan=fleet("dying"),
    ),
    Flaw(
        name="a close is reported before it is over",
        found_by="I2",
        module="runtime.session",
        where="Session._close",
        old="        close: Callable[[], Awaitable[None]] = stack.aclose\n",
        new="        self._report(ev.Closed(epoch=self.epoch))\n        close = stack.aclose\n",
        plan=fleet("clinging"),
    ),
    Flaw(
        name="silence counts as an answer",
        found_by="I10",
        module="runtime.health_check",
        where="_judge",
        old="silence = ev.CheckTimeout(epoch=epoch)",
        new="silence = ev.CheckOk(epoch=epoch)",
        plan=fleet("freezing", services=4, days=0.5),
    ),
    Flaw(
        name="every failed attempt counts as a refusal",
        found_by="I10",
        module="runtime.session",
        where="Session._classify",
        old="return Failure.TRANSIENT",
        new="return Failure.PERMANENT",
        plan=fleet("flapping", days=0.5),
    ),
    Flaw(
        name="it is not recorded that a service is no longer wanted",
        found_by="I20",
        module="runtime.service_runner",
        where="ServiceRunner._dispatch",
        old="if _visible(self.ctx) != _visible(before):",
        new="if self.ctx.connection is not before.connection:",
        plan=fleet("refusing", **ORDERED),
    ),
    Flaw(
        name="an edge is recorded each time it is published",
        found_by="I20",
        module="runtime.metrics_collector",
        where="MetricsCollector._record_edge",
        old="if before == (state, wanted, reason):",
        new="if before is None and wanted is None:",
        plan=fleet("dead"),
    ),
    Flaw(
        name="the end of an alert is not sent",
        found_by="I15",
        module="runtime.alerting.instance",
        where="AlertInstance._resolve",
        old="        self._publish(alert)\n",
        new="        del alert\n",
        plan=fleet("flapping", days=0.4),
    ),
    Flaw(
        name="there is no cool-down between two notifications",
        found_by="I15",
        module="runtime.alerting.instance",
        where="AlertInstance._carry_out",
        old="self._clock.call_later(self.rule.cooldown, self.post, AlertEvent.COOL)",
        new="self._clock.call_later(0.0, self.post, AlertEvent.COOL)",
        plan=fleet("dying"),
    ),
    Flaw(
        name="what people did not hear is not said again",
        found_by="I15",
        module="runtime.alerting.channel",
        where="ChannelQueue.send",
        old="            await self._calls.call(partial(channel.handler.send, alert, channel.settings), {})\n"
        "        except Exception as error:\n",
        new="            await self._calls.call(partial(channel.handler.send, alert, channel.settings), {})\n"
        "        except Exception as error:\n            return\n",
        plan=fleet("flapping", services=12, days=0.8, interval=120.0),
    ),
    Flaw(
        name="rules are not evaluated",
        found_by="I15",
        module="runtime.alerting.engine",
        where="AlertEngine.evaluate",
        old="            self._evaluate_rules(service, inputs)\n",
        new="            pass\n",
        plan=fleet("dead"),
    ),
)
