"""Everything that is saved besides the configuration: how it is saved, and how it is read."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs

from mcpstore.hooks.connection import Era
from mcpstore.hooks.history import HistoryBatch, HistoryLocation, HistoryQuery
from mcpstore.hooks.orphans import OwnershipRecord
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.models.service import ServiceConnectionState
from mcpstore.models.state_history import StateEdge
from mcpstore.monitoring.private_file import write_file
from mcpstore.plugin_manager.cache import PluginCache
from mcpstore.runtime.alerting.log import AlertLog
from mcpstore.runtime.alerting.log_file import Notification, Outcome, OutcomeState
from mcpstore.runtime.alerting.silences import Silences
from mcpstore.runtime.clock import Clock
from mcpstore.runtime.ownership import OwnershipLog
from mcpstore.runtime.pinning import PinFiles
from mcpstore.runtime.pinning.pin import Pin, pins_to_json
from mcpstore.storage.jsonl import encode_lines
from mcpstore.store.state_dir import StateDir
from mcpstore_plugins.plugin_commands.new import Kind as PluginKind
from mcpstore_plugins.plugin_commands.new import copy_template
from mcpstore_plugins.prometheus.exposition import _replace as write_for_prometheus
from mcpstore_plugins.sqlite_history import mcpstore_history_backends

(SQLITE,) = mcpstore_history_backends()


@attrs.frozen
class Kind:
    """Something that is saved.

    Attributes:
        old: Makes what is there before.
        save: Saves; raises OSError if it says that it could not.
        read: Returns what is there, as another process finds it.
        outcomes: What may be read afterwards: before it, after it, and nothing else.
        is_promised: Whether a save that does not raise must have saved.
        may_forget: What may be left instead, where it is learned again by itself.
        room: Size of the smallest disk it fits on.
        heals: Whether a save repeats what failed, so that one error prevents nothing.
        is_of_a_library: Whether a library writes the files, whose temporary files are its own affair.
        prepare: Loads what it needs, once and for all.
    """

    old: Callable[[Path], object]
    save: Callable[[Path], object]
    read: Callable[[Path], Any]
    outcomes: tuple[Any, Any]
    is_promised: bool = True
    may_forget: Any = None
    room: str = "64k"
    heals: bool = False
    is_of_a_library: bool = False
    prepare: Callable[[], object] = lambda: None


def alert(number: int) -> Alert:
    return Alert(
        rule_name="r", service=f"s{number}", level=AlertLevel.ERROR, kind=AlertKind.FIRED, message="m" * 200,
        timestamp=1.0, incident=f"i{number}",
    )  # fmt: skip


class HereClock(Clock):
    """A clock that needs no event loop."""

    def now(self) -> float:
        return 0.0


class HereWorker:
    """Runs jobs at once and in this thread, which is the one that is traced."""

    is_lost = False

    async def run(self, job: Callable[[], Any], _timeout: float | None) -> Any:
        return job()

    def close(self) -> None:
        pass


def in_log(folder: Path, use: Callable[[AlertLog], Awaitable[Any]], *, opens: bool = True) -> Any:
    """Do something with the log; raises OSError if it could not be written at the end."""

    async def main() -> Any:
        log = AlertLog(folder / "alerts", HereClock())
        log._worker = HereWorker()  # type: ignore[assignment]
        await log.load()
        if opens:
            await log.open()
        result = await use(log)
        await log.close()
        if log._is_failing:
            raise OSError("the log said that it cannot be written")
        return result

    try:
        main().send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited for something")


def log_alert(folder: Path, *numbers: int) -> None:
    async def use(log: AlertLog) -> None:
        for number in numbers:
            log.add(alert(number))
            await log.record([(alert(number), ["c"])])

    in_log(folder, use)


def settle_alert(folder: Path, number: int) -> None:
    async def use(log: AlertLog) -> None:
        notifications = [each for each in log._pending.values() if each.alert == alert(number)]
        await log.settle(notifications, "c", Outcome(state=OutcomeState.DELIVERED))

    in_log(folder, use)


def bury_alert(folder: Path, number: int) -> None:
    async def use(log: AlertLog) -> None:
        notifications = [each for each in log._pending.values() if each.alert == alert(number)]
        await log.give_up(notifications, "c", alert(number), "no route")

    in_log(folder, use)


def logged(folder: Path) -> Any:
    """Return the incidents of past alerts and of undelivered notifications, as the next process finds them."""

    async def use(log: AlertLog) -> Any:
        waiting: list[Notification] = list(log._pending.values())
        incidents = dict.fromkeys(each.incident for each in log.find())  # it may have been saved twice
        return list(incidents), list(dict.fromkeys(each.alert.incident for each in waiting))

    return in_log(folder, use, opens=False)


def keep_version_0_1(folder: Path) -> None:
    """Write what version 0.1 wrote: alerts 1 and 2, of which 2 is not delivered."""
    (folder / "alerts").mkdir()
    history = encode_lines({**alert(number).to_dict(), "alerts": []} for number in (1, 2))
    outbox = encode_lines([{"id": 1, "channel": "c", "since": 1.0, "alert": alert(2).to_dict()}])
    (folder / "alerts/history.jsonl").write_bytes(history)
    (folder / "alerts/outbox.jsonl").write_bytes(outbox)


def silence(folder: Path, *services: str) -> None:
    silences = Silences(folder / "silences.jsonl")
    for service in services:
        silences.add(service, "*", 10.0, "", 1.0)
    silences.save()


def silenced(folder: Path) -> list[str]:
    silences = Silences(folder / "silences.jsonl")
    silences.load()
    return [each.service for each in silences.active(0.0)]


def history(folder: Path) -> Any:
    return SQLITE.open(HistoryLocation(folder=folder, retention=1e9, is_read_only=False), SQLITE.config())


def note(folder: Path, *times: float) -> None:
    store = history(folder)
    try:
        store.write(HistoryBatch(now=10.0, samples=[], edges=[edge(time) for time in times]))
    finally:
        store.close()


def edge(time: float) -> StateEdge:
    state = ServiceConnectionState.HEALTHY
    return StateEdge(service_name="a", timestamp=time, monotonic=time, state=state, wanted=True)


def noted(folder: Path) -> list[float]:
    store = history(folder)
    try:
        edges = store.edges(HistoryQuery(service="a", since=0.0, until=10.0))
        return list(dict.fromkeys(edge.timestamp for edge in edges))
    finally:
        store.close()


def pin(folder: Path, **approved: str) -> None:
    fresh = {name: Pin(approved=mark) for name, mark in approved.items()}
    PinFiles(folder / "pins").update("a", lambda there: pins_to_json("a", there | fresh, str))


def pinned(folder: Path) -> Any:
    return {name: pin.approved for name, pin in PinFiles(folder / "pins").read("a").items()}


def own(folder: Path, pid: int) -> None:
    log = OwnershipLog("a" * 12, folder / "records")
    log.write(OwnershipRecord(owner_tag=f"{'a' * 12}.1.1.a.{'b' * 12}", service="a", pid=pid, started=1))


def owned(folder: Path) -> list[int | None]:
    return [record.pid for record in OwnershipLog("a" * 12, folder / "records").read_lost()]


def remember(folder: Path, name: str) -> None:
    index = PluginCache(folder / "cache" / "plugins.json")
    index._known, index._is_changed = {name: {"stamp": [1], "hooks": ["x" * 5000], "offers": []}}, True
    index.save()


def remembered(folder: Path) -> list[str]:
    return list(PluginCache(folder / "cache" / "plugins.json")._read())


def log_in(folder: Path, token: str) -> None:
    from mcp.shared.auth import OAuthToken

    asyncio.run(logins(folder).set_tokens(OAuthToken(access_token=token, token_type="Bearer")))


def logged_in(folder: Path) -> str | None:
    token = asyncio.run(logins(folder).get_tokens())
    return None if token is None else token.access_token


def logins(folder: Path) -> Any:
    from mcpstore.wire.http.auth import login_of
    from mcpstore.wire.http.settings import HttpSettings

    os.environ["XDG_DATA_HOME"] = str(folder)
    login: Any = login_of(HttpSettings.model_validate({"url": "https://x.test/mcp", "auth": "oauth"}), True)
    return login.token_storage_adapter


def load_logins() -> None:
    """Log in somewhere else: whatever is imported late is imported now."""
    with tempfile.TemporaryDirectory() as folder:
        log_in(Path(folder), "first")


def make_plugin(folder: Path) -> None:
    if not (folder / "mcpstore-acme").exists():
        copy_template("acme", PluginKind.ALERT_HANDLER, folder)


def plugin_files(folder: Path) -> list[str]:
    target = folder / "mcpstore-acme"
    return sorted(f"{path.relative_to(target)}: {path.read_text()}" for path in target.rglob("*") if path.is_file())


def whole_plugin() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        make_plugin(Path(folder))
        return plugin_files(Path(folder))


KINDS = {
    "eras": Kind(
        lambda folder: StateDir(folder).write_eras({"a": Era.LEGACY}),
        lambda folder: StateDir(folder).write_eras({"b": Era.MODERN}),
        lambda folder: sorted(StateDir(folder).read_eras()),
        (["a"], ["a", "b"]),
        is_promised=False,
        may_forget=["b"],
    ),
    "pins": Kind(
        lambda folder: pin(folder, x="f", y="f"),
        lambda folder: pin(folder, y="g", z="g"),
        pinned,
        ({"x": "f", "y": "f"}, {"x": "f", "y": "g", "z": "g"}),
    ),
    "an alert": Kind(
        lambda folder: log_alert(folder, 1),
        lambda folder: log_alert(folder, 2),
        logged,
        ((["i1"], ["i1"]), (["i1", "i2"], ["i1", "i2"])),
        heals=True,
    ),
    "an alert that was delivered": Kind(
        lambda folder: log_alert(folder, 1, 2),
        lambda folder: settle_alert(folder, 2),
        logged,
        ((["i1", "i2"], ["i1", "i2"]), (["i1", "i2"], ["i1"])),
        is_promised=False,
        heals=True,
    ),
    "an alert that was given up": Kind(
        lambda folder: log_alert(folder, 1, 2),
        lambda folder: bury_alert(folder, 2),
        logged,
        ((["i1", "i2"], ["i1", "i2"]), (["i1", "i2"], ["i1"])),
        is_promised=False,
        heals=True,
    ),
    "alerts of version 0.1": Kind(
        keep_version_0_1,
        lambda folder: log_alert(folder, 3),
        logged,
        ((["i1", "i2"], ["i2"]), (["i1", "i2", "i3"], ["i2", "i3"])),
        heals=True,
    ),
    "silences": Kind(
        lambda folder: silence(folder, "a", "b"),
        lambda folder: silence(folder, "c"),
        silenced,
        (["a", "b"], ["c"]),
    ),
    "processes": Kind(
        lambda folder: own(folder, 1),
        lambda folder: own(folder, 2),
        owned,
        ([1], [2]),
        is_promised=False,
        may_forget=[None],  # the process id is only valid with the boot id, which is read from another file
    ),
    "what plugins offer": Kind(
        lambda folder: remember(folder, "a"),
        lambda folder: remember(folder, "b"),
        remembered,
        (["a"], ["b"]),
        is_promised=False,
    ),
    "a figure for Prometheus": Kind(
        lambda folder: write_for_prometheus(folder / "m.prom", b"old" * 5000),
        lambda folder: write_for_prometheus(folder / "m.prom", b"new" * 5000),
        lambda folder: (folder / "m.prom").read_bytes(),
        (b"old" * 5000, b"new" * 5000),
    ),
    "an export": Kind(
        lambda folder: write_file(folder / "e.json", b"old" * 5000),
        lambda folder: write_file(folder / "e.json", b"new" * 5000),
        lambda folder: (folder / "e.json").read_bytes(),
        (b"old" * 5000, b"new" * 5000),
    ),
    "an export that is the first": Kind(
        lambda folder: None,
        lambda folder: write_file(folder / "e.json", b"new" * 5000),
        lambda folder: [path.read_bytes() for path in folder.glob("e.json")],
        ([], [b"new" * 5000]),
    ),
    "logins": Kind(
        lambda folder: log_in(folder, "old"),
        lambda folder: log_in(folder, "new"),
        logged_in,
        ("old", "new"),
        is_of_a_library=True,
        prepare=load_logins,
    ),
    "a new plugin": Kind(lambda folder: None, make_plugin, plugin_files, ([], whole_plugin()), room="128k"),
    "history": Kind(
        lambda folder: note(folder, 1.0), lambda folder: note(folder, 2.0), noted, ([1.0], [1.0, 2.0]), room="1m"
    ),
}
"""Everything that is kept on disk besides the configuration, which has a sweep of its own."""


def said(save: Callable[[Path], object], folder: Path) -> int:
    """Save; return 0 if it is said to be done, 1 if it is said not to be."""
    try:
        save(folder)
    except Exception as error:  # noqa: BLE001 - sqlite has errors of its own
        print(type(error).__name__, error, file=sys.stderr)
        return 1
    return 0
