"""Exporter `prometheus`: an HTTP endpoint on this machine, or a file for the textfile collector; off by default.

It needs `prometheus-client`, which `mcpstore-manager[prometheus]` installs.
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
    """Settings of the Prometheus exporter.

    Attributes:
        port: Port of the HTTP endpoint `/metrics`; 0 for any free port, None for no endpoint.
        host: Loopback address of the endpoint.
        textfile: File for the textfile collector of the node exporter; its name ends in `.prom`.
        interval: Seconds between two writes of the file.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    port: int | None = Field(default=None, ge=0, le=65535)
    host: str = "127.0.0.1"
    textfile: Path | None = None
    interval: float = Field(default=15.0, gt=0, allow_inf_nan=False)

    @field_validator("host")
    @classmethod
    def _is_loopback(cls, host: str) -> str:
        try:
            is_loopback = host == "localhost" or ip_address(host).is_loopback
        except ValueError:
            is_loopback = False
        if not is_loopback:
            raise ValueError(
                f"must be a loopback address, such as 127.0.0.1 (got {host!r}); use a reverse proxy for other addresses"
            )
        return host

    @model_validator(mode="after")
    def _has_target(self) -> Self:
        if self.port is None and self.textfile is None:
            raise ValueError("port and textfile are both missing; set one of them, or both")
        return self


@hookimpl
def mcpstore_exporters() -> Iterable[Exporter[PrometheusSettings]]:
    """Return the exporter."""
    yield Exporter(name="prometheus", config=PrometheusSettings, open=_open)


def _open(settings: PrometheusSettings, measurements: Measurements) -> AbstractAsyncContextManager[None]:
    try:
        from mcpstore_plugins.prometheus.exposition import exporting  # noqa: PLC0415 - needs the library
    except ModuleNotFoundError as error:
        remedy = "install it with `pip install 'mcpstore-manager[prometheus]'`"
        raise PluginError("prometheus", f"package {error.name} is not installed; {remedy}") from None
    return exporting(settings, measurements)
