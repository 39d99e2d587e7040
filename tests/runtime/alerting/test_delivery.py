"""Alerts reach every channel that wants them: at least once, in order, each at its own pace."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from mcpstore.hooks import AlertHandler
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.runtime.alerting import AlertChannel
from mcpstore.runtime.alerting.delivery import AlertDelivery
from mcpstore.testing.loop import FakeClock

pytestmark = pytest.mark.anyio

HOUR = 3600.0


def alert(n: int = 1, kind: AlertKind = AlertKind.FIRED, service: str = "a", at: float = 0, **more: Any) -> Alert:
    return Alert(
        rule_name="service_down",
        service=service,
        level=AlertLevel.ERROR,
        kind=kind,
        timestamp=at,
        message=f"{service} {kind.value} {n}",
        incident=f"{service}/{n}",
        **more,
    )


class NoSettings(BaseModel):
    """Settings of a channel that has none."""


class Person:
    """A person who receives alerts; the channel may fail, hang, or refuse some."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.attempts: list[float] = []
        self.trouble: Exception | None = None
        self.hangs = False
        self.refuses = ""

    def channel(self, name: str, **fields: Any) -> AlertChannel:
        handler = AlertHandler(name=name, config=NoSettings, send=self.tell)
        return AlertChannel(name=name, handler=handler, settings=NoSettings(), **fields)

    async def tell(self, notice: Alert, _settings: Any) -> None:
        self.attempts.append(asyncio.get_running_loop().time())
        if self.hangs:
            await asyncio.get_running_loop().create_future()
        if self.trouble is not None:
            raise self.trouble
        if self.refuses and self.refuses in notice.message:
            raise ValueError("not this one")
        self.received.append(notice.message)


async def post(delivery: AlertDelivery, notice: Alert) -> None:
    """Record a notice and queue it, without waiting for others."""
    names = [name for name, queue in delivery._queues.items() if queue.channel.wants(notice)]
    delivery.log.add(notice)
    await delivery._enqueue(await delivery.log.record([(notice, names)]))


class VirtualPosix(FakeClock):
    """A clock whose wall goes with the loop."""

    def posix(self) -> float:
        return 1_000_000.0 + self.now()


@pytest.fixture
async def deliver(tmp_path: Path):
    opened: list[AlertDelivery] = []

    async def start(**people: Person) -> AlertDelivery:
        channels = [person.channel(name) for name, person in people.items()]
        delivery = AlertDelivery(channels, VirtualPosix(), tmp_path)
        opened.append(delivery)
        await delivery.load()
        await delivery.open()
        return delivery

    yield start
    for delivery in opened:
        await delivery.close()


def journal(folder: Path) -> list[str]:
    return (folder / "log.jsonl").read_text().splitlines()


async def test_everybody_is_told_in_order(deliver):
    one, two = Person(), Person()
    delivery = await deliver(one=one, two=two)
    for number in range(5):
        for kind in (AlertKind.FIRED, AlertKind.RESOLVED):
            await post(delivery, alert(number, kind))
            await asyncio.sleep(1)
    expected = [f"a {kind} {number}" for number in range(5) for kind in ("fired", "resolved")]
    assert one.received == two.received == expected
    assert {status.name: status.delivered for status in delivery.status()} == {"one": 10, "two": 10}


async def test_who_does_not_want_an_alert_is_not_told():
    person = Person()
    delivery = AlertDelivery([person.channel("x", services=("b",))], VirtualPosix(), None)
    await delivery.open()
    await post(delivery, alert(service="a"))
    await post(delivery, alert(service="b"))
    await asyncio.sleep(1)
    await delivery.close()
    assert person.received == ["b fired 1"]


@pytest.mark.parametrize("how", ["raises", "hangs"])
async def test_a_channel_that_is_down_for_an_hour_loses_nothing_and_holds_up_nobody(deliver, how):
    down, up = Person(), Person()
    if how == "raises":
        down.trouble = OSError("no route")
    else:
        down.hangs = True
    delivery = await deliver(down=down, up=up)
    for number in range(60):
        service = f"s{number % 7}"
        await post(delivery, alert(number, service=service))
        await asyncio.sleep(30)
        assert up.received[-1] == f"{service} fired {number}"
        await post(delivery, alert(number, AlertKind.RESOLVED, service, at=1.0))
        await asyncio.sleep(30)
        assert up.received[-1] == f"{service} resolved {number}"
    assert down.received == []
    assert len(down.attempts) <= 130  # at most one a minute, and the shorter ones at the beginning
    status = delivery.status()["down"]
    assert (status.waiting, status.delivered) == (120, 0)
    assert status.error
    down.trouble, down.hangs = None, False
    await asyncio.sleep(300)
    assert delivery.status()["down"].waiting == 0
    # each incident ended before its beginning was delivered: one alert has both
    for service in range(7):
        ours = [text for text in down.received if text.startswith(f"s{service} ")]
        assert [text.split(" — ")[0] for text in ours] == [
            f"s{service} fired {number}" for number in range(60) if number % 7 == service
        ]
        assert all("it is over: from " in text for text in ours)


async def test_attempts_come_ever_more_seldom_and_never_less_than_once_a_minute(deliver):
    down = Person()
    down.trouble = OSError("no")
    delivery = await deliver(down=down)
    await post(delivery, alert())
    await asyncio.sleep(2 * HOUR)
    gaps = [b - a for a, b in zip(down.attempts, down.attempts[1:], strict=False)]
    for number, gap in enumerate(gaps):
        full = min(60.0, 2.0**number)
        assert full / 2 <= gap <= full + 0.001
    assert len(gaps) > 100


async def test_an_alert_nobody_can_be_told_of_holds_up_no_other(deliver):
    person = Person()
    person.refuses = "odd"
    delivery = await deliver(person=person)
    await post(delivery, alert(service="odd"))
    for number in range(5):
        await post(delivery, alert(number))
    await post(delivery, alert(2, service="odd"))
    await asyncio.sleep(60)
    assert person.received == [f"a fired {number}" for number in range(5)]
    person.refuses = ""
    await asyncio.sleep(120)
    assert person.received[5:] == ["odd fired 1", "odd fired 2"]


async def test_after_a_day_an_alert_is_given_up_where_a_person_can_find_it(deliver, tmp_path, caplog):
    down = Person()
    down.trouble = OSError("no route")
    delivery = await deliver(down=down)
    await post(delivery, alert())
    await asyncio.sleep(25 * HOUR)
    assert delivery.status()["down"].given_up == 1
    assert delivery.status()["down"].waiting == 0
    assert "alert not delivered to 'down'" in caplog.text
    assert "a fired 1" in (tmp_path / "undelivered.jsonl").read_text()


async def test_of_reminders_that_wait_the_last_one_is_told(deliver):
    person = Person()
    delivery = await deliver(person=person)
    await post(delivery, alert())
    await asyncio.sleep(1)
    person.trouble = OSError("no")
    for number in (1, 2, 3):
        await post(delivery, alert(1, AlertKind.REMINDED, number=number, at=float(number)))
        await asyncio.sleep(60)
    person.trouble = None
    await asyncio.sleep(120)
    await post(delivery, alert(1, AlertKind.RESOLVED))
    await asyncio.sleep(1)
    assert person.received == ["a fired 1", "a reminded 1", "a resolved 1"]
    assert delivery.status()["person"].delivered == 5


async def test_what_could_not_be_told_is_told_by_the_next_manager(deliver, tmp_path):
    person = Person()
    person.trouble = OSError("no")
    first = await deliver(person=person)
    for number in range(3):
        await post(first, alert(number, service=f"s{number}"))
    await asyncio.sleep(10)
    await first.close()
    person.trouble = None
    second = await deliver(person=person)
    await asyncio.sleep(10)
    assert sorted(person.received) == ["s0 fired 0", "s1 fired 1", "s2 fired 2"]
    await second.close()
    third = await deliver(person=person)
    await asyncio.sleep(10)
    assert len(person.received) == 3
    assert third.status()["person"].waiting == 0


async def test_a_channel_that_is_gone_is_not_waited_for(deliver, caplog):
    person = Person()
    person.trouble = OSError("no")
    first = await deliver(person=person)
    await post(first, alert())
    await asyncio.sleep(1)
    await first.close()
    await deliver(other=Person())
    assert "there is no such channel any more" in caplog.text


async def test_what_is_told_as_one_is_told_before_what_follows_of_its_parts(deliver):
    person = Person()
    delivery = await deliver(person=person)
    person.trouble = OSError("no")
    members = tuple(alert(1, service=f"s{number}") for number in range(7))
    await post(delivery, alert(0, service="", alerts=members))
    await asyncio.sleep(20)
    await post(delivery, alert(1, AlertKind.RESOLVED, "s3"))
    await post(delivery, alert(1, service="other"))
    person.trouble = None
    await asyncio.sleep(200)
    assert person.received.index(" fired 0") < person.received.index("s3 resolved 1")
    assert sorted(person.received) == [" fired 0", "other fired 1", "s3 resolved 1"]


async def test_what_is_recorded_and_not_sent_is_sent_by_the_next_manager(deliver):
    person = Person()
    first = await deliver(person=person)
    await first.log.record([(alert(), ["person"])])
    await first.close()
    assert person.received == []
    await deliver(person=person)
    await asyncio.sleep(1)
    assert person.received == ["a fired 1"]


async def test_a_close_delivers_what_can_be_delivered_at_once(deliver):
    person = Person()
    delivery = await deliver(person=person)
    for number in range(50):
        await post(delivery, alert(number))
    await delivery.close()
    assert len(person.received) == 50


async def test_a_close_does_not_wait_for_a_channel_that_hangs(deliver):
    person = Person()
    person.hangs = True
    delivery = await deliver(person=person)
    await post(delivery, alert())
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    await delivery.close()
    assert asyncio.get_running_loop().time() - began <= 3.01


async def test_ten_thousand_alerts_and_more_do_not_grow_without_bound(deliver, tmp_path):
    down = Person()
    down.trouble = OSError("no")
    delivery = await deliver(down=down)
    for number in range(12_000):
        await post(delivery, alert(number, service=f"s{number}"))
    await asyncio.sleep(2 * HOUR)
    status = delivery.status()["down"]
    assert status.waiting == 10_000
    assert status.given_up == 2_000
    assert len(journal(tmp_path)) < 22_000  # twice what is needed, and some


async def test_the_log_does_not_grow_with_what_was_delivered(deliver, tmp_path):
    delivery = await deliver(person=Person())
    for number in range(4_000):
        await post(delivery, alert(number, AlertKind.RESOLVED))
        await asyncio.sleep(0.01)
    await asyncio.sleep(1)
    assert len(journal(tmp_path)) < 3_100  # twice the last thousand, and a thousand


async def test_a_disk_in_trouble_makes_alerts_forgetful_and_not_silent(deliver, tmp_path, monkeypatch, caplog):
    person = Person()
    delivery = await deliver(person=person)

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mcpstore.storage.atomic.os.write", full)
    for number in range(3):
        await post(delivery, alert(number))
        await asyncio.sleep(1)
    assert person.received == [f"a fired {number}" for number in range(3)]
    assert caplog.text.count("cannot be written") == 1
    monkeypatch.undo()
    person.trouble = OSError("no")
    await post(delivery, alert(9))
    await asyncio.sleep(1)
    assert any("a fired 9" in line for line in journal(tmp_path))


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_fails_when_nothing_is_lost_and_nothing_is_out_of_order(deliver, seed):
    dice = random.Random(seed)
    person = Person()
    delivery = await deliver(person=person)
    posted: dict[str, list[int]] = {}
    for number in range(100):
        service = f"s{dice.randrange(4)}"
        posted.setdefault(service, []).append(number)
        await post(delivery, alert(number, service=service))
        person.trouble = OSError("no") if dice.random() < 0.5 else None
        await asyncio.sleep(dice.uniform(0, 20))
        if dice.random() < 0.5:
            await post(delivery, alert(number, AlertKind.RESOLVED, service))
        if dice.random() < 0.1:
            await delivery.close()
            delivery = await deliver(person=person)
    person.trouble = None
    await asyncio.sleep(HOUR)
    for service, numbers in posted.items():
        heard = [text for text in person.received if text.startswith(f"{service} ")]
        order = list(dict.fromkeys(int(text.split(" — ")[0].split()[-1]) for text in heard))
        assert order == numbers
