"""Alerts in a chat: posts to an incoming webhook, as Slack, Mattermost, Rocket.Chat and many others have them."""

from collections.abc import Iterable

import httpx2
from pydantic import BaseModel, SecretStr

from mcpstore.hooks import Alert, AlertHandler, hookimpl


class ChatSettings(BaseModel, extra="forbid"):
    """The webhook; whoever knows its address can post, so it is a secret."""

    url: SecretStr
    key: str = "text"


async def send(alert: Alert, settings: ChatSettings) -> None:
    """Post an alert."""
    text = f"{alert.kind} [{alert.level}] {alert.service}: {alert.message}"
    async with httpx2.AsyncClient(timeout=10) as client:
        answer = await client.post(settings.url.get_secret_value(), json={settings.key: text})
    if answer.is_error:
        raise RuntimeError(f"the chat answered {answer.status_code}")


@hookimpl
def mcpstore_alert_handlers() -> Iterable[AlertHandler[ChatSettings]]:
    """Offer the handler."""
    yield AlertHandler(name="chat", config=ChatSettings, send=send)
