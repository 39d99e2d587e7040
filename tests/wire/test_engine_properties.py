"""Properties of the engine under any sequence of events."""

from __future__ import annotations

import asyncio
import json
import math
from functools import partial

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpstore.errors import CallTimeout, ConnectionLost, ServiceError
from mcpstore.hooks import ClientEndpoint
from wire.scripted import opened, silent, time_flies, turns

CALL = "tools/call"

scalars = st.none() | st.booleans() | st.integers(-3, 5) | st.floats() | st.sampled_from(["", "2", "x", "ping"])
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))
methods = st.sampled_from(
    [
        "ping",
        "notifications/progress",
        "notifications/cancelled",
        "notifications/subscriptions/acknowledged",
        "notifications/message",
        "sampling/createMessage",
    ]
)
messages = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.sampled_from(["2.0", "2.0", "2.0", "1.0"]) | values,
        "id": values,
        "method": methods | values,
        "params": values
        | st.fixed_dictionaries({}, optional={"requestId": values, "progressToken": values, "progress": values}),
        "result": values,
        "error": values | st.fixed_dictionaries({}, optional={"code": values, "message": values, "data": values}),
    },
)
lines = (
    st.binary(max_size=30)
    | messages.map(lambda message: json.dumps(message).encode())
    | st.lists(messages, max_size=3).map(lambda batch: json.dumps(batch).encode())
)


async def answer(_method, params):
    await asyncio.sleep(0)
    return params


@settings(deadline=None, max_examples=50)
@given(st.lists(lines, max_size=8))
def test_any_input_of_a_peer_raises_nothing_and_the_session_continues(written):
    async def session():
        async with opened(
            ClientEndpoint(on_request=answer), **{CALL: silent, "resources/list": {"still": "here"}}
        ) as scripted:
            asked = asyncio.create_task(scripted.engine.request(CALL))
            await turns()
            for line in written:
                scripted.write_raw(line)
                await turns()
            assert await scripted.engine.request("resources/list", {}) == {"still": "here"}
            scripted.gone()
            await asyncio.wait({asked})
            assert isinstance(asked.exception(), ServiceError | ConnectionLost | None)
            assert scripted.engine.under_way == 0

    asyncio.run(session())


@attrs.frozen
class Plan:
    """Event of a request, its time, the timeout of the request, and the times of progress reports."""

    happens: str
    patience: float | None
    at: float
    progress: list[float]

    def outcome(self) -> str:
        patience = math.inf if self.patience is None else self.patience
        end, deadline = self.at if self.happens != "nothing" else math.inf, patience
        for step in sorted(self.progress):
            if step < min(end, deadline):
                deadline = step + patience
        if deadline < end:
            return "timed out"
        return self.happens if end < math.inf else "lost"


# No two of these times coincide: progress is at integers, timeouts end at a quarter, the end is at a half.
plans = st.builds(
    Plan,
    st.sampled_from(["answered", "refused", "called off", "nothing"]),
    st.none() | st.integers(0, 20).map(lambda seconds: seconds + 0.25),
    st.integers(0, 20).map(lambda seconds: seconds + 0.6),
    st.lists(st.integers(1, 20), max_size=4),
)


async def outcome_of(asking, number):
    try:
        result = await asking
    except CallTimeout:
        return "timed out"
    except ServiceError as error:
        return "refused" if error.code == number else "wrong"
    except asyncio.CancelledError:
        return "called off"
    except ConnectionLost:
        return "lost"
    return "answered" if result == {"number": number} else "wrong"


@settings(deadline=None)
@given(st.lists(plans, max_size=12))
def test_every_request_ends_exactly_once_as_expected(given_plans):
    async def session():
        loop = asyncio.get_running_loop()
        async with opened(**{CALL: silent}) as scripted:
            with time_flies():
                asked = []
                for number, plan in enumerate(given_plans):
                    asking = scripted.engine.request(CALL, {"number": number}, timeout=plan.patience)
                    asked.append(asyncio.create_task(outcome_of(asking, number)))
                await asyncio.sleep(0)
                ids = [message["id"] for message in scripted.sent]
                for number, plan in enumerate(given_plans):
                    for step in plan.progress:
                        report = {"progressToken": ids[number], "progress": step}
                        say = partial(scripted.say, method="notifications/progress", params=report)
                        loop.call_later(step, say)
                    act = {
                        "answered": partial(scripted.say, id=ids[number], result={"number": number}),
                        "refused": partial(scripted.fail, ids[number], ServiceError(number, "no")),
                        "called off": asked[number].cancel,
                        "nothing": int,
                    }[plan.happens]
                    loop.call_later(plan.at, act)
                await asyncio.sleep(500)
                scripted.gone()
                outcomes = [await task for task in asked]
            assert outcomes == [plan.outcome() for plan in given_plans]
            cancelled = [message["params"]["requestId"] for message in scripted.named("notifications/cancelled")]
            given_up = [number for number, how in enumerate(outcomes) if how in ("timed out", "called off")]
            assert sorted(cancelled) == [ids[number] for number in given_up]
            assert scripted.engine.under_way == 0

    asyncio.run(session())


async def test_a_request_costs_one_wake_up_and_no_timer_of_its_own(monkeypatch):
    loop = asyncio.get_running_loop()
    counts = {"call_soon": 0, "call_at": 0}

    def counting(name):
        real = getattr(loop, name)

        def count(*args, **kwargs):
            counts[name] += 1
            return real(*args, **kwargs)

        return count

    async with opened(**{CALL: {"ok": True}}) as scripted:
        await scripted.engine.request(CALL, timeout=120)
        tasks = asyncio.all_tasks()
        for name in counts:
            monkeypatch.setattr(loop, name, counting(name))
        for _ in range(100):
            await scripted.engine.request(CALL, timeout=120)
        monkeypatch.undo()
        assert asyncio.all_tasks() == tasks
    # For each request one callback is from the scripted peer, and the other one wakes the caller.
    assert counts == {"call_soon": 200, "call_at": 0}
