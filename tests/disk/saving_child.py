"""A program that saves one thing, so that somebody can make any system call of it go wrong.

Run as `saving_child.py KIND FOLDER`: forks a child per byte of input, which tells its process id and saves when it gets
SIGUSR1; then tells how the child ended: 0 if it was said to be done, 1 if it was said not to be.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Callable
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
from mcpstore.runtime.alerting.jsonl_file import JsonlFile
from mcpstore.runtime.alerting.outbox import Notification, Outbox
from mcpstore.runtime.ownership import OwnershipLog
from mcpstore.runtime.pinning import PinFiles
from mcpstore.runtime.pinning.pin import Pin, line_of
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
        read: Returns what is there, as a stranger would find it.
        outcomes: What may be read afterwards: before it, after it, and nothing else.
        is_promised: Whether a save that does not raise must have saved.
        may_forget: What may be left instead, where it is learned again by itself.
        room: Size of the smallest disk it fits on.
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
    is_of_a_library: bool = False
    prepare: Callable[[], object] = lambda: None


def notice(number: int) -> Notification:
    alert = Alert(
        rule_name="r", service=f"s{number}", level=AlertLevel.ERROR, kind=AlertKind.FIRED, message="m" * 200,
        timestamp=1.0, incident=f"i{number}",
    )  # fmt: skip
    return Notification(id=number, channel="c", since=1.0, alert=alert)


def outbox(folder: Path) -> Outbox:
    created = Outbox(folder / "outbox.jsonl")
    created.read()
    created.open()
    return created


def put(folder: Path, *numbers: int) -> None:
    created = outbox(folder)
    created.append([notice(number) for number in numbers])
    created.close()


def waiting(folder: Path) -> list[int]:
    return [notice.id for notice in Outbox(folder / "outbox.jsonl").read()]


def journal(folder: Path) -> JsonlFile:
    return JsonlFile(folder / "journal.jsonl")


def numbers(folder: Path) -> list[Any]:
    return list(dict.fromkeys(line["n"] for line in journal(folder).read()))


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
    PinFiles(folder / "pins").update("a", lambda there: line_of("a", there | fresh, str))


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
    "outbox": Kind(lambda folder: put(folder, 1), lambda folder: put(folder, 2), waiting, ([1], [1, 2])),
    "journal, a line more": Kind(
        lambda folder: journal(folder).append([{"n": 1}, {"n": 2}]),
        lambda folder: journal(folder).append([{"n": 3}]),
        numbers,
        ([1, 2], [1, 2, 3]),
    ),
    "journal, as a whole": Kind(
        lambda folder: journal(folder).append([{"n": 1}, {"n": 2}]),
        lambda folder: journal(folder).replace([{"n": 3}]),
        numbers,
        ([1, 2], [3]),
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


def serve(kind: Kind, folder: Path) -> None:
    kind.prepare()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    while os.read(0, 1):
        pid = os.fork()
        if pid == 0:
            code = 3
            try:
                os.write(1, b"%d\n" % os.getpid())
                signal.sigwait([signal.SIGUSR1])
                code = said(kind.save, folder)
            finally:
                os._exit(code)
        os.write(1, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    serve(KINDS[sys.argv[1]], Path(sys.argv[2]))
