"""Entry point for requests to one service: refuses them without a connection, redacts errors, starts early checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mcpstore.core.context import Desired
from mcpstore.errors import CallError, ConnectionLost, ServiceError, ServiceUnavailable
from mcpstore.hooks.connection import ProgressFn
from mcpstore.models.service import LIVE_STATES, Reason, ServiceConnectionState
from mcpstore.runtime.runner_services import RunnerServices
from mcpstore.runtime.service_view import ServiceView

__all__ = ["CallGate"]


class CallGate:
    """Passes requests on to the connection of one service.

    Args:
        service: The service.
        shared: Objects that all runners of the store share.
        check_soon: Called when a call suggests that the connection should be checked before the next regular check.
    """

    __slots__ = ("_check_soon", "_service", "_shared")

    def __init__(self, service: ServiceView, shared: RunnerServices, check_soon: Callable[[], None]) -> None:
        self._service: Final = service
        self._shared: Final = shared
        self._check_soon: Final = check_soon

    @property
    def timeout(self) -> float:
        """Default timeout of a call: seconds without a result and without progress."""
        configured = self._service.spec.timeouts.call
        return self._shared.timing.call_timeout if configured is None else configured

    async def request(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        *,
        timeout: float | None,  # noqa: ASYNC109 - the server is notified when it expires
        on_progress: ProgressFn | None = None,
    ) -> dict[str, Any]:
        """Send a request over the connection and return the raw result.

        Raises:
            ServiceUnavailable: There is no connection; the message gives the reason and the time of the next attempt.
            CallError: The request failed.
        """
        service = self._service
        session = service.session
        # ctx instead of is_live: a call crosses one file less
        if session is None or session.connection is None or service.ctx.connection not in LIVE_STATES:
            raise self.unavailable()
        session.calls += 1
        try:
            return await session.connection.request(method, params, timeout=timeout, on_progress=on_progress)
        except ServiceError as error:  # the caller may not be allowed to see the secrets of the service
            message, data = session.redact(error.message), session.redact.redact_json(error.data)
            if (message, data) == (error.message, error.data):
                raise
            raise ServiceError(error.code, message, data) from None
        except CallError as error:
            error.args = tuple(map(session.redact.redact_json, error.args))
            if isinstance(error, ConnectionLost):
                self._check_soon()
            raise
        finally:
            session.calls -= 1
            if not session.calls and service.ctx.connection is ServiceConnectionState.UNKNOWN:
                self._check_soon()  # the last check may have been undecided because of this call

    def unavailable(self) -> ServiceUnavailable:
        """Return the error that says why the service cannot be called."""
        service, history = self._service, self._service.history
        if service.ctx.desired is not Desired.RUN and not history.note:
            return self._stopped()
        parts = [history.note or history.error or service.ctx.reason.value]
        if history.next_retry is not None and not service.is_live:
            parts.append(f"next try at {history.next_retry:%H:%M:%S}")
        state = service.ctx.connection.value
        return ServiceUnavailable(service.spec.name, state, "; ".join(part for part in parts if part))

    def _stopped(self) -> ServiceUnavailable:
        spec, ctx = self._service.spec, self._service.ctx
        if ctx.reason is Reason.NEW:
            why = "it has not been started yet" if spec.enabled else "it is switched off in its entry"
        else:
            when = self._service.history.entered
            why = "it was stopped on request" + (f" at {when:%Y-%m-%d %H:%M:%S}" if when is not None else "")
            if not spec.enabled:
                why += ", and is switched off in its entry"
        remedy = f"start it: mcpstore start {spec.name}"
        return ServiceUnavailable(spec.name, ctx.connection.value, why, remedy=remedy)
