"""Requirements on an alert handler."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, ClassVar

import attrs
from pydantic import BaseModel

from mcpstore.hooks import AlertHandler
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.runtime.validation import validated
from mcpstore.testing._pytest import pytest
from mcpstore.testing.leftovers import nothing_left
from mcpstore.testing.loop import EPOCH
from mcpstore.testing.suites.base import PATIENCE, Suite, error_of, needs, offered, ticking

__all__ = ["AlertHandlerSuite", "Inbox", "an_alert"]

LIMIT = 10.0
"""Time limit of the manager for one delivery, in seconds; a slower delivery is cancelled and retried later."""


@attrs.frozen(kw_only=True)
class Inbox:
    """The receiver of alerts in a test.

    Attributes:
        settings: Settings of the handler that send to it.
        messages: Returns the received messages, each as its visible text, subject included.
    """

    settings: Mapping[str, Any]
    messages: Callable[[], Sequence[str]]


def an_alert(**fields: Any) -> Alert:
    """Return an alert.

    Args:
        fields: Fields that differ from the default alert.
    """
    usual: dict[str, Any] = {
        "rule_name": "service_down", "service": "weather", "level": AlertLevel.CRITICAL, "kind": AlertKind.FIRED,
        "message": "weather is down since 12:00", "timestamp": EPOCH, "incident": "incident-1",
    }  # fmt: skip
    return Alert(**{**usual, **fields})


class AlertHandlerSuite(Suite):
    """Checks of an alert handler.

    Example:
        ::

            class TestChat(AlertHandlerSuite):
                plugin = mcpstore_chat
                name = "chat"

                @asynccontextmanager
                async def receiving(self):
                    async with chat_server() as chat:
                        yield Inbox(settings={"url": chat.url}, messages=lambda: chat.texts)

    Attributes:
        secrets: Names of settings whose values are secret; they must take a string.
    """

    capabilities: ClassVar[Mapping[str, str]] = {
        "failures": "`refusing` yields settings of a receiver that refuses every delivery",
        "hanging": "`hanging` yields settings of a receiver that never answers",
        "injection": "its messages have headers that a text could inject into",
        "levels": "its messages contain the level",
        "rules": "its messages contain the rule name",
    }
    secrets: ClassVar[Sequence[str]] = ()

    @property
    def handler(self) -> AlertHandler[Any]:
        """The handler."""
        handler: AlertHandler[Any] = offered(self.plugin, "mcpstore_alert_handlers", self.name)
        return handler

    # --- what a derived class defines --------------------------------------------------------------------------

    def receiving(self) -> AbstractAsyncContextManager[Inbox]:
        """Return a context manager that yields the receiver of alerts."""
        raise NotImplementedError(f"{type(self).__name__} must define the receiver of alerts: def receiving(self)")

    def refusing(self) -> AbstractAsyncContextManager[Mapping[str, Any]]:
        """Return a context manager that yields settings of a receiver that refuses every delivery."""
        raise NotImplementedError("yield settings of a receiver that refuses, or add 'failures' to lacks")

    def hanging(self) -> AbstractAsyncContextManager[Mapping[str, Any]]:
        """Return a context manager that yields settings of a receiver that accepts connections and never answers."""
        raise NotImplementedError("yield settings of a receiver that hangs, or add 'hanging' to lacks")

    # --- what the checks use -----------------------------------------------------------------------------------

    async def send(self, settings: Mapping[str, Any], *alerts: Alert) -> None:
        """Send alerts, one after the other.

        Args:
            settings: With which settings.
            alerts: Which.
        """
        handler = self.handler
        checked = validated(handler.config, dict(settings), self.name)
        for alert in alerts:
            # The manager calls a plain function in a thread, too.
            is_async = inspect.iscoroutinefunction(handler.send)
            sending = (
                handler.send(alert, checked) if is_async else await asyncio.to_thread(handler.send, alert, checked)
            )
            if sending is not None:
                await sending

    @asynccontextmanager
    async def sent(self, *alerts: Alert) -> AsyncGenerator[Sequence[str]]:
        """Send alerts, and yield the received messages.

        Args:
            alerts: Which.
        """
        async with self.receiving() as inbox:
            await self.send(inbox.settings, *alerts)
            yield await _arrived(inbox, len(alerts))

    # --- what it offers ----------------------------------------------------------------------------------------

    def test_it_is_offered_with_a_model_of_its_settings(self) -> None:
        handler = self.handler
        assert isinstance(handler, AlertHandler)
        assert issubclass(handler.config, BaseModel)
        assert callable(handler.send)

    async def test_good_settings_are_accepted_and_an_unknown_one_is_refused_by_name(self) -> None:
        async with self.receiving() as inbox:
            assert error_of(self.handler.config, inbox.settings) == ""
            error = error_of(self.handler.config, {**inbox.settings, "no_such_setting": 1})
        assert "no_such_setting" in error, (
            "settings must forbid what they do not know: class …(BaseModel, extra='forbid')"
        )

    async def test_secret_settings_do_not_show(self) -> None:
        async with self.receiving() as inbox:
            for name in self.secrets:
                given = {**inbox.settings, name: "s3cret-canary"}
                if error := error_of(self.handler.config, given):
                    assert "s3cret-canary" not in error
                    continue
                shown = self.handler.config.model_validate(given)
                assert "s3cret-canary" not in f"{shown!r} {shown}", f"{name} must be a pydantic.SecretStr"

    # --- what arrives ------------------------------------------------------------------------------------------

    async def test_an_alert_arrives_with_the_service_and_what_happened(self) -> None:
        async with self.sent(an_alert()) as messages:
            assert len(messages) == 1
            assert "weather" in messages[0]
            assert "weather is down since 12:00" in messages[0]

    @needs("levels")
    async def test_an_alert_contains_its_level(self) -> None:
        alerts = [an_alert(level=level, incident=level.value) for level in AlertLevel]
        async with self.sent(*alerts) as messages:
            for level, message in zip(AlertLevel, messages, strict=True):
                assert level.value in message.lower()

    @needs("rules")
    async def test_an_alert_names_its_rule(self) -> None:
        async with self.sent(an_alert(rule_name="slow_answers")) as messages:
            assert "slow_answers" in messages[0]

    async def test_the_end_of_an_incident_differs_from_its_beginning(self) -> None:
        begins, ends = an_alert(message="the same words"), an_alert(message="the same words", kind=AlertKind.RESOLVED)
        async with self.sent(begins, ends) as messages:
            assert "resolved" not in messages[0].lower()
            assert "resolved" in messages[1].lower()

    async def test_a_reminder_arrives_too(self) -> None:
        async with self.sent(an_alert(kind=AlertKind.REMINDED, number=1)) as messages:
            assert "weather" in messages[0]

    async def test_an_alert_about_no_service_arrives_too(self) -> None:
        async with self.sent(an_alert(service="", message="the manager has no files left")) as messages:
            assert "the manager has no files left" in messages[0]

    async def test_alerts_arrive_in_the_order_they_were_sent(self) -> None:
        alerts = [an_alert(message=f"message {n} of 5", incident=f"incident-{n}") for n in range(5)]
        async with self.sent(*alerts) as messages:
            assert [f"message {n} of 5" in message for n, message in enumerate(messages)] == [True] * 5

    async def test_alerts_sent_at_once_all_arrive(self) -> None:
        async with self.receiving() as inbox:
            alerts = [an_alert(message=f"message {n} of 5", incident=f"incident-{n}") for n in range(5)]
            await asyncio.gather(*(self.send(inbox.settings, alert) for alert in alerts))
            messages = "\n".join(await _arrived(inbox, 5))
        assert [n for n in range(5) if f"message {n} of 5" not in messages] == []

    async def test_every_character_arrives(self) -> None:
        async with self.sent(an_alert(message="é漢😀 <b>bold</b> & 'quoted' [red]")) as messages:
            assert "é漢😀" in messages[0]
            assert "[red]" in messages[0], "what is sent must not be taken for markup"

    async def test_a_long_message_arrives_at_least_in_part(self) -> None:
        async with self.sent(an_alert(message="it went on and on " * 5000)) as messages:
            assert "it went on and on" in messages[0]

    @needs("injection")
    async def test_no_text_can_add_a_header(self) -> None:
        nasty = "down\r\nBcc: all@example.com\r\n\r\nbody"
        async with self.sent(an_alert(message=nasty, service=nasty, rule_name=nasty)) as messages:
            head = messages[0].replace("\r\n", "\n").partition("\n\n")[0]
            assert not any(line.lower().startswith("bcc:") for line in head.split("\n"))

    # --- what can go wrong -------------------------------------------------------------------------------------

    @needs("failures")
    async def test_a_failed_delivery_raises(self) -> None:
        async with self.refusing() as settings:
            with pytest.raises(Exception) as caught:  # any error means: try again later
                await self.send(settings, an_alert())
            assert str(caught.value).strip(), "say what went wrong"

    @needs("failures")
    async def test_no_secret_stands_in_an_error(self) -> None:
        async with self.refusing() as settings:
            given = {**settings, **dict.fromkeys(self.secrets, "s3cret-canary")}
            with pytest.raises(Exception) as caught:
                await self.send(given, an_alert())
            error: BaseException | None = caught.value
            while error is not None:
                assert "s3cret-canary" not in f"{error} {error!r}"
                error = error.__cause__

    @needs("hanging")
    async def test_a_receiver_that_hangs_is_given_up_at_once_when_the_manager_wants_so(self) -> None:
        async with self.hanging() as settings, nothing_left():
            sending = asyncio.create_task(self.send(settings, an_alert()))
            await asyncio.sleep(0.2)
            assert not sending.done(), "the receiver of `hanging` must accept, and never answer"
            sending.cancel()
            done, _ = await asyncio.wait([sending], timeout=PATIENCE)
            assert done
            assert sending.cancelled(), "a cancelled delivery must not swallow its cancellation"

    @needs("hanging")
    async def test_the_event_loop_goes_on_while_a_receiver_hangs(self) -> None:
        async with self.hanging() as settings, ticking() as ticks:
            sending = asyncio.create_task(self.send(settings, an_alert()))
            await asyncio.wait([sending], timeout=0.5)
            sending.cancel()
            await asyncio.wait([sending], timeout=PATIENCE)
        assert len(ticks) > 10, "the event loop was blocked; use async calls, or asyncio.to_thread"

    async def test_sending_leaves_nothing(self) -> None:
        async with self.receiving() as inbox:
            await self.send(inbox.settings, an_alert())
            async with nothing_left():
                for n in range(3):
                    await self.send(inbox.settings, an_alert(incident=f"incident-{n}"))

    async def test_a_delivery_is_over_in_time(self) -> None:
        async with self.receiving() as inbox:
            async with asyncio.timeout(LIMIT):
                await self.send(inbox.settings, an_alert())


async def _arrived(inbox: Inbox, count: int) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while len(messages := inbox.messages()) < count:
        assert loop.time() < deadline, f"{count} messages must arrive (got {len(messages)})"
        await asyncio.sleep(0.01)
    return messages
