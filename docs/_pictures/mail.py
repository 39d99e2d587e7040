"""The picture of an alert e-mail: the mail about the worst failure of the simulated day, as a mail reader shows it."""

from __future__ import annotations

import html
from email.message import EmailMessage

from _pictures.fleet import play

from mcpstore import AsyncMCPStore
from mcpstore_plugins.email.message import write
from mcpstore_plugins.email.settings import EmailSettings

SETTINGS = EmailSettings(to=("Ada <ada@example.org>",), sender="MCPStore <mcpstore@example.org>")
SERVICE = "search"
HEAD = "font:14px/1.6 system-ui,sans-serif;border-bottom:1px solid #e5e7eb;margin-bottom:16px;padding-bottom:10px"


async def _mail(store: AsyncMCPStore) -> EmailMessage:
    (alert, *_) = await store.list_alerts()
    assert alert.service == SERVICE
    return write(alert, SETTINGS)


def mail() -> str:
    """Return the mail as an HTML page: header and body."""
    message = play(_mail, hours=17.32)
    body = message.get_body(("html",))
    assert body is not None
    head = "".join(
        f'<div><span style="color:#6b7280">{name}:</span> {html.escape(str(message[name]))}</div>'
        for name in ("Subject", "From", "To", "Date")
    )
    content = str(body.get_content())
    start = content.index(">", content.index("<body")) + 1
    return f'{content[:start]}<div style="{HEAD}">{head}</div>{content[start:]}'
