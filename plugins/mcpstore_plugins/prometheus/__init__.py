"""Measurements for Prometheus: an endpoint on this machine, or a file for the textfile collector. Off unless asked for.

Needs `prometheus-client`, which comes with `mcpstore-manager[prometheus]`.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mcpstore.errors import PluginError
from mcpstore.hooks import Exporter, Measurements, hookimpl

__all__ = ["PrometheusSettings", "mcpstore_exporters"]


class PrometheusSettings(BaseModel):
    """Where Prometheus finds the measurements.

    Attributes:
        port: Port of an HTTP endpoint, `/metrics`; 0 takes any that is free, None makes no endpoint.
        host: Address of the endpoint, on this machine.
        textfile: A file that is written for the textfile collector of the node exporter; its name ends in `.prom`.
        interval: Seconds between writes of the file.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    port: int | None = Field(default=None, ge=0, le=65535)
    host: str = "127.0.0.1"
    textfile: Path | None = None
    interval: float = Field(default=15.0, gt=0, allow_inf_nan=False)

    @field_validator("host")
    @classmethod
    def _is_here(cls, host: str) -> str:
        try:
            here = host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            here = False
        if not here:
            raise ValueError(
                f"must be an address of this machine, such as 127.0.0.1 (got {host!r}); put a proxy before"
            )
        return host

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.port is None and self.textfile is None:
            raise ValueError("give a port, or a textfile, or both")
        return self


@hookimpl
def mcpstore_exporters() -> Iterable[Exporter[PrometheusSettings]]:
    """Offer the exporter."""
    yield Exporter(name="prometheus", config=PrometheusSettings, open=_open)


def _open(settings: PrometheusSettings, measurements: Measurements) -> AbstractAsyncContextManager[None]:
    try:
        from mcpstore_plugins.prometheus.exposition import exporting  # noqa: PLC0415 - needs the library
    except ModuleNotFoundError as error:
        remedy = "install it with `pip install 'mcpstore-manager[prometheus]'`"
        raise PluginError("prometheus", f"needs {error.name}, which is not installed; {remedy}") from None
    return exporting(settings, measurements)
