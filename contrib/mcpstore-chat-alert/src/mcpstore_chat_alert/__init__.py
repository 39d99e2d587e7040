"""Alert channel `chat`: posts alerts to an incoming webhook of Slack, Mattermost, Rocket.Chat and others."""

from collections.abc import Iterable

import httpx2
from pydantic import BaseModel, SecretStr

from mcpstore.hooks import Alert, AlertHandler, hookimpl


class ChatSettings(BaseModel, extra="forbid"):
    """The webhook's URL, a secret, and the JSON key of the text."""

    url: SecretStr
    key: str = "text"


async def send(alert: Alert, settings: ChatSettings) -> None:
    """Post an alert."""
    text = f"{alert.kind} [{alert.level}] {alert.service}: {alert.message}"
    async with httpx2.AsyncClient(timeout=10) as client:
        response = await client.post(settings.url.get_secret_value(), json={settings.key: text})
    if response.is_error:
        raise RuntimeError(f"webhook refused the alert (got status {response.status_code})")


@hookimpl
def mcpstore_alert_handlers() -> Iterable[AlertHandler[ChatSettings]]:
    """Return the channel."""
    yield AlertHandler(name="chat", config=ChatSettings, send=send)
