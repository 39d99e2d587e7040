"""A program that saves one thing, so that somebody can make any system call of it go wrong.

Run as `saving_child.py KIND FOLDER`: forks a child per byte of input, which tells its process id and saves when it gets
SIGUSR1; then tells how the child ended: 0 if it was said to be done, 1 if it was said not to be.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from mcpstore.core.models.alert import Alert, AlertKind, AlertLevel
from mcpstore.core.models.history import StateEdge
from mcpstore.core.models.service import ServiceConnectionState
from mcpstore.hooks.connection import Era
from mcpstore.hooks.history import HistoryBatch, HistoryPlace, HistoryQuery
from mcpstore.runtime.alarm.journal import Journal
from mcpstore.runtime.outbox import Notice, Outbox
from mcpstore.runtime.pinning import PinFolder
from mcpstore.runtime.pinning.pin import Pin, line_of
from mcpstore.store.state_dir import StateDir
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
    """

    old: Callable[[Path], object]
    save: Callable[[Path], object]
    read: Callable[[Path], Any]
    outcomes: tuple[Any, Any]
    is_promised: bool = True
    may_forget: Any = None
    room: str = "64k"


def notice(number: int) -> Notice:
    alert = Alert(
        rule_name="r", service=f"s{number}", level=AlertLevel.ERROR, kind=AlertKind.FIRED, message="m" * 200,
        timestamp=1.0, incident=f"i{number}",
    )  # fmt: skip
    return Notice(id=number, channel="c", since=1.0, alert=alert)


def outbox(folder: Path) -> Outbox:
    made = Outbox(folder / "outbox.jsonl")
    made.read()
    made.open()
    return made


def put(folder: Path, *numbers: int) -> None:
    made = outbox(folder)
    made.put([notice(number) for number in numbers])
    made.close()


def waiting(folder: Path) -> list[int]:
    return [notice.id for notice in Outbox(folder / "outbox.jsonl").read()]


def journal(folder: Path) -> Journal:
    return Journal(folder / "journal.jsonl")


def numbers(folder: Path) -> list[Any]:
    return list(dict.fromkeys(line["n"] for line in journal(folder).read()))


def history(folder: Path) -> Any:
    return SQLITE.open(HistoryPlace(folder=folder, retention=1e9, is_read_only=False), SQLITE.config())


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
        found = store.edges(HistoryQuery(service="a", since=0.0, until=10.0))
        return list(dict.fromkeys(edge.timestamp for edge in found))
    finally:
        store.close()


def pin(folder: Path, **approved: str) -> None:
    fresh = {name: Pin(approved=mark) for name, mark in approved.items()}
    PinFolder(folder / "pins").update("a", lambda there: line_of("a", there | fresh, str, 0.0))


def pinned(folder: Path) -> Any:
    return {name: pin.approved for name, pin in PinFolder(folder / "pins").read("a").items()}


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
