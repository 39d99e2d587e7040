"""Delivery of a mail over SMTP."""

from __future__ import annotations

import asyncio
import ssl

from mcpstore.errors import PluginError
from mcpstore.models.alert import Alert
from mcpstore_plugins.email.settings import EmailSettings, Security

__all__ = ["send"]


async def send(alert: Alert, settings: EmailSettings) -> None:
    """Send a mail about an alert; returns once the mail server has accepted it for all recipients.

    Raises:
        PluginError: The mail was not accepted for all recipients. The message does not contain the password.
    """
    import aiosmtplib  # noqa: PLC0415 - a manager that sends no mail loads no mail client

    from mcpstore_plugins.email.message import write  # noqa: PLC0415 - as above

    server = f"{settings.host}:{settings.server_port}"
    try:
        context = None
        if settings.security is not Security.NONE:  # reading certificates blocks
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
        problem = f"mail server {server} rejected username and password (got {error.code})"
        raise PluginError("email", f"{problem}; correct them in the settings of the channel") from None
    except aiosmtplib.SMTPRecipientsRefused as error:
        reasons = "; ".join(f"{refusal.recipient}: {refusal.message}" for refusal in error.recipients)
        raise PluginError("email", f"mail server {server} rejected recipients: {reasons}") from None
    except FileNotFoundError:
        raise PluginError("email", f"ca_file {settings.ca_file!r} does not exist; correct the path") from None
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise PluginError("email", f"mail server {server}: {str(error) or type(error).__name__}") from None
    if refused:
        reasons = "; ".join(f"{address}: {response.message}" for address, response in refused.items())
        raise PluginError("email", f"mail server {server} rejected recipients: {reasons}")
