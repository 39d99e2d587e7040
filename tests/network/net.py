"""Two machines and the cable between them: named network namespaces."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

PREFIX = "mcpstore-test"
NO_CARD = "02:00:00:00:00:99"
"""The address of a network card that does not exist."""


@attrs.define
class Net:
    """The machine `here`, where the manager runs, and the machine `there` with an address for each service.

    Attributes:
        here: Name of the manager's namespace.
        there: Name of the servers' namespace.
    """

    here: str = f"{PREFIX}-{os.getpid()}-here"
    there: str = f"{PREFIX}-{os.getpid()}-there"
    _taken: int = 1

    def make(self) -> None:
        for name in (self.here, self.there):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run(
            "ip",
            "link",
            "add",
            "cable",
            "netns",
            self.here,
            "type",
            "veth",
            "peer",
            "name",
            "cable",
            "netns",
            self.there,
        )
        for name, address in ((self.here, "10.77.0.1"), (self.there, "10.77.0.2")):
            run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "cable")
            run("ip", "-n", name, "link", "set", "cable", "up")

    def remove(self) -> None:
        for name in (self.here, self.there):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)

    def address(self) -> str:
        """Return an unused address of the machine `there`."""
        self._taken += 1
        address = f"10.77.0.{8 + self._taken}"
        run("ip", "-n", self.there, "address", "add", f"{address}/24", "dev", "cable")
        return address

    # --- what goes wrong, while a block lasts

    @contextmanager
    def half_open(self, address: str) -> Iterator[None]:
        """Send packets for an address to a card that does not exist: they can be sent, and no answer returns."""
        neighbour = ["ip", "-n", self.here, "neighbour"]
        run(*neighbour, "replace", address, "lladdr", NO_CARD, "dev", "cable", "nud", "permanent")
        try:
            yield
        finally:
            run(*neighbour, "delete", address, "dev", "cable")

    @contextmanager
    def no_way(self, kind: str, address: str) -> Iterator[None]:
        """Remove the route of the machine `here` to an address: `blackhole`, `unreachable` or `prohibit`."""
        run("ip", "-n", self.here, "route", "add", kind, f"{address}/32")
        try:
            yield
        finally:
            run("ip", "-n", self.here, "route", "delete", kind, f"{address}/32")

    @contextmanager
    def slow(self, rate: str) -> Iterator[None]:
        """Limit the bandwidth of the cable in both directions; packets are small, to fit into the token bucket."""
        shape = f"tbf rate {rate} burst 320 latency 60s".split()
        for name in (self.here, self.there):
            run("ip", "-n", name, "link", "set", "cable", "mtu", "300")
            try:
                run("tc", "-n", name, "qdisc", "add", "dev", "cable", "root", *shape)
            except AssertionError as error:
                pytest.skip(f"this kernel does not slow down cables: {error}")
        try:
            yield
        finally:
            for name in (self.here, self.there):
                run("tc", "-n", name, "qdisc", "delete", "dev", "cable", "root")
                run("ip", "-n", name, "link", "set", "cable", "mtu", "1500")

    def reset(self, address: str) -> None:
        """Have the machine `there` drop its connections of an address, with RST."""
        forgotten = run("ip", "netns", "exec", self.there, "ss", "-K", "-Htn", "state", "established", "src", address)
        if not forgotten.strip():
            pytest.skip("this kernel ends no connections of others (CONFIG_INET_DIAG_DESTROY)")

    def forget(self, address: str) -> None:
        """Have the machine `there` drop its connections of an address silently, as after a power loss."""
        run("ip", "-n", self.there, "route", "add", "blackhole", "10.77.0.1/32")
        try:
            self.reset(address)
        finally:
            run("ip", "-n", self.there, "route", "delete", "blackhole", "10.77.0.1/32")


def run(*command: str) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
    return done.stdout


@contextmanager
def two_machines() -> Iterator[Net]:
    """Create a network, and remove it at the end; skip the test where that is not permitted."""
    if missing := [tool for tool in ("ip", "tc", "ss") if shutil.which(tool) is None]:
        pytest.skip(f"needs {', '.join(missing)} of iproute2")
    sweep()
    net = Net()
    try:
        try:
            net.make()
        except AssertionError as error:
            pytest.skip(f"network namespaces cannot be made here: {error}")
        yield net
    finally:
        net.remove()


def sweep() -> None:
    """Remove the networks of killed test runs."""
    for place in Path("/run/netns").glob(f"{PREFIX}-*"):
        pid = place.name.removeprefix(f"{PREFIX}-").partition("-")[0]
        if not Path("/proc", pid).exists():
            with contextlib.suppress(OSError):
                subprocess.run(["ip", "netns", "delete", place.name], check=False, capture_output=True)
