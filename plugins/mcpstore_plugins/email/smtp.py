"""Handing a mail to a mail server."""

from __future__ import annotations

import asyncio
import ssl

import aiosmtplib

from mcpstore.errors import PluginError
from mcpstore.models.alert import Alert
from mcpstore_plugins.email.message import write
from mcpstore_plugins.email.settings import EmailSettings, Security

__all__ = ["send"]


async def send(alert: Alert, settings: EmailSettings) -> None:
    """Send a mail about an alert; returning means that the mail server took it for every address.

    Raises:
        PluginError: It did not; the text says why, without the password.
    """
    where = f"{settings.host}:{settings.server_port}"
    try:
        context = None
        if settings.security is not Security.NONE:  # reading certificates takes its time
            context = await asyncio.to_thread(ssl.create_default_context, cafile=settings.ca_file)
        refused, _ = await aiosmtplib.send(
            write(alert, settings),
            hostname=settings.host,
            port=settings.server_port,
            use_tls=settings.security is Security.TLS,
            start_tls=settings.security is Security.STARTTLS,
            tls_context=context,
            username=settings.username,
            password=None if settings.password is None else settings.password.get_secret_value(),
            timeout=settings.timeout,
        )
    except aiosmtplib.SMTPAuthenticationError as error:
        raise PluginError("email", f"{where} does not accept username and password (it said {error.code})") from None
    except aiosmtplib.SMTPRecipientsRefused as error:
        told = "; ".join(f"{one.recipient}: {one.message}" for one in error.recipients)
        raise PluginError("email", f"{where} takes no mail for {told}") from None
    except FileNotFoundError:
        raise PluginError("email", f"ca_file {settings.ca_file!r} does not exist") from None
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise PluginError("email", f"{where}: {str(error) or type(error).__name__}") from None
    if refused:
        told = "; ".join(f"{address}: {answer.message}" for address, answer in refused.items())
        raise PluginError("email", f"{where} takes no mail for {told}")
