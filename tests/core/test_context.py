"""The memory of the machine, and the run status derived from it."""

from __future__ import annotations

import json

import attrs
import pytest

from mcpstore.core.context import Act, Context, Desired, Next, run_status
from mcpstore.core.events import Timer
from mcpstore.models.service import Reason, ServiceConnectionState, ServiceStatus

S = ServiceConnectionState
RUN = {"desired": Desired.RUN}


def test_a_new_service_is_stopped_and_was_never_started():
    assert Context() == Context(desired=Desired.STOP, connection=S.DISCONNECTED, reason=Reason.NEW)


def test_a_context_as_json_holds_only_plain_values():
    data = Context(
        desired=Desired.RUN, connection=S.RECONNECTING, activity=Act.CLOSE, next_act=Next.BACKOFF, live=True
    ).to_json()

    assert all(type(value) in (str, int, bool) for value in data.values())
    assert data.keys() == {field.name for field in attrs.fields(Context)}
    assert (data["desired"], data["activity"], data["next_act"]) == ("run", "close", "backoff")


def test_a_context_read_from_json_has_enums():
    written = Context(desired=Desired.RUN, connection=S.HEALTHY, reason=Reason.NONE, timer=Timer.CHECK, live=True)

    read = Context.from_json(json.loads(json.dumps(written.to_json())))

    assert read == written
    assert (read.connection, read.timer, read.activity) == (S.HEALTHY, Timer.CHECK, Act.NONE)
    assert all(type(getattr(read, name)) is type(value) for name, value in attrs.asdict(written).items())


def test_an_unknown_value_in_the_json_of_a_context_is_reported():
    with pytest.raises(ValueError, match="dormant"):
        Context.from_json({"connection": "dormant"})


# the table of the run status: the first line that holds
TABLE = [
    ({"close_failed": True, "activity": Act.CLOSE}, ServiceStatus.ERROR),
    (
        {"close_failed": True, "timer": Timer.REAP, **RUN, "connection": S.RECONNECTING, "by_operator": True},
        ServiceStatus.ERROR,
    ),
    ({"desired": Desired.STOP, "activity": Act.CLOSE}, ServiceStatus.STOPPING),
    ({"desired": Desired.GONE, "activity": Act.CLOSE}, ServiceStatus.STOPPING),
    ({"desired": Desired.STOP, "reason": Reason.NEW}, ServiceStatus.NOT_STARTED),
    ({"desired": Desired.STOP, "reason": Reason.OPERATOR}, ServiceStatus.STOPPED),
    ({"desired": Desired.GONE, "reason": Reason.OPERATOR}, ServiceStatus.STOPPED),
    ({**RUN, "connection": S.HEALTHY}, ServiceStatus.RUNNING),
    ({**RUN, "connection": S.WARNING}, ServiceStatus.RUNNING),
    ({**RUN, "connection": S.UNKNOWN}, ServiceStatus.UNKNOWN),
    ({**RUN, "connection": S.INITIALIZING, "activity": Act.CLOSE}, ServiceStatus.STOPPING),
    ({**RUN, "connection": S.INITIALIZING, "activity": Act.CONNECT}, ServiceStatus.STARTING),
    ({**RUN, "connection": S.RECONNECTING, "by_operator": True, "activity": Act.CLOSE}, ServiceStatus.STOPPING),
    ({**RUN, "connection": S.RECONNECTING, "by_operator": True, "activity": Act.CONNECT}, ServiceStatus.STARTING),
    ({**RUN, "connection": S.RECONNECTING, "activity": Act.CLOSE}, ServiceStatus.ERROR),
    ({**RUN, "connection": S.RECONNECTING, "timer": Timer.RETRY}, ServiceStatus.ERROR),
    ({**RUN, "connection": S.UNHEALTHY, "timer": Timer.FAST}, ServiceStatus.ERROR),
    ({**RUN, "connection": S.DISCONNECTED, "timer": Timer.COOL, "reason": Reason.EXHAUSTED}, ServiceStatus.ERROR),
]


@pytest.mark.parametrize(("fields", "status"), TABLE)
def test_the_run_status_follows_its_table(fields, status):
    assert run_status(Context(**fields)) is status
