"""Options of the fault server: its faults, and where it listens."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final, NamedTuple

__all__ = ["CHILDREN", "Options", "parse"]

CHILDREN: Final = ("group", "session", "daemon", "stubborn", "respawning")
"""Kinds of child processes: in the process group of the server, in their own session, forked twice, ignoring SIGTERM,
and restarted when killed."""


class Options(NamedTuple):
    """The faults; see `--help`. Counts begin at 1, durations are in seconds, sizes in bytes."""

    host: str = "127.0.0.1"
    http: int | None = None
    sse: int | None = None
    tcp: int | None = None
    unix: str | None = None
    era: str = "legacy"
    of_reply: int = 1
    exit_at_byte: int | None = None
    half_frame: bool = False
    exit_after: float | None = None
    exit_code: int = 1
    die_on_call: int | None = None
    never_answer: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    refuse: str | None = None
    delay: float = 0.0
    delay_grows: float = 0.0
    delay_every: int = 1
    garbage: tuple[str, ...] = ()
    garbage_lines: int = 1
    chatter: bool = False
    frame_size: int = 0
    no_newline: bool = False
    say: str = ""
    stderr_bytes: int = 0
    close_stdout: int | None = None
    close_stdin: int | None = None
    ignore_eof: bool = False
    ignore_term: bool = False
    stop_itself: int | None = None
    children: tuple[str, ...] = ()
    leak: float = 0.0
    open_files: int = 0
    busy: float = 0.0
    list_changed: int = 0
    change_tool: int | None = None
    odd: tuple[str, ...] = ()
    status: int | None = None
    on: tuple[str, ...] = ()
    retry_after: int | None = None
    location: str | None = None
    lose_session: int | None = None
    content_type: str | None = None
    endless: bool = False
    drip: float = 0.0
    drip_head: float = 0.0
    rest: tuple[str, ...] = ()


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def parse(arguments: Sequence[str]) -> Options:
    """Read a command line."""
    parser = argparse.ArgumentParser(
        prog="mcpstore.testing.fault_server",
        description="An MCP server with faults on request. Faults combine.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    _add_places(parser)
    add("--era", choices=("legacy", "modern", "both"), default="legacy", help="modern: discover only")
    add("--of-reply", type=int, default=1, metavar="N", help="which reply --exit-at-byte and --half-frame concern")
    add("--exit-at-byte", type=int, metavar="K", help="exit after so many bytes of the reply")
    add("--half-frame", action="store_true", help="send half of the reply, then nothing")
    add("--exit-after", type=float, metavar="SECONDS", help="exit after a time")
    add("--exit-code", type=int, default=1, metavar="C", help="exit code of every exit")
    add("--die-on-call", type=int, metavar="N", help="exit on the Nth call of a tool, unanswered")
    add("--never-answer", type=_names, default=(), metavar="METHODS", help="do not answer; 'all' for every method")
    add("--unknown", type=_names, default=(), metavar="METHODS", help="answer -32601")
    add("--refuse", metavar="TEXT", help="refuse the handshake with this error")
    add("--delay", type=float, default=0.0, metavar="SECONDS", help="delay of each answer")
    add("--delay-grows", type=float, default=0.0, metavar="SECONDS", help="added delay per answer")
    add("--delay-every", type=int, default=1, metavar="N", help="delay only every Nth answer")
    add("--garbage", type=_names, default=(), metavar="WHERE", help="send invalid lines: before,after,between")
    add("--garbage-lines", type=int, default=1, metavar="N", help="invalid lines at a time")
    add("--chatter", action="store_true", help="send invalid lines instead of every answer, endlessly")
    add("--frame-size", type=int, default=0, metavar="BYTES", help="size of each answer to a call")
    add("--no-newline", action="store_true", help="end no line")
    add("--say", default="", metavar="TEXT", help="first line on stderr")
    add("--stderr-bytes", type=int, default=0, metavar="BYTES", help="write to stderr before the first answer")
    add("--close-stdout", type=int, metavar="N", help="close stdout after the Nth reply, and keep running")
    add("--close-stdin", type=int, metavar="N", help="close stdin after the Nth reply, and keep running")
    add("--ignore-eof", action="store_true", help="keep running when stdin ends")
    add("--ignore-term", action="store_true", help="ignore SIGTERM")
    add("--stop-itself", type=int, metavar="N", help="send itself SIGSTOP after the Nth reply")
    add("--children", type=_names, default=(), metavar="KINDS", help=f"start child processes: {','.join(CHILDREN)}")
    add("--leak", type=float, default=0.0, metavar="MIB", help="memory leaked per second")
    add("--open-files", type=int, default=0, metavar="N", help="open files")
    add("--busy", type=float, default=0.0, metavar="SECONDS", help="block in each call for this time")
    add(
        "--list-changed",
        type=int,
        default=0,
        metavar="N",
        help="number of list_changed notifications after the first list",
    )
    add("--change-tool", type=int, metavar="N", help="change a tool's description from the Nth list on")
    add("--odd", type=_names, default=(), metavar="KINDS", help="duplicate-ids, unknown-ids, wrong-types")
    _add_http(parser)
    given, rest = parser.parse_known_args(arguments)
    for kind in given.children:
        if kind not in CHILDREN:
            parser.error(f"--children: {kind!r} must be one of {', '.join(CHILDREN)}")
    return Options(**vars(given), rest=tuple(rest))


def _add_places(parser: argparse.ArgumentParser) -> None:
    where = parser.add_argument_group("where it listens (default: stdin and stdout)").add_argument
    where("--host", default="127.0.0.1", metavar="ADDRESS", help="the address it listens on, if not 127.0.0.1")
    where("--http", type=int, metavar="PORT", help="streamable HTTP; 0 takes a free port, which is printed")
    where("--sse", type=int, metavar="PORT", help="HTTP with server-sent events, as of 2024")
    where("--tcp", type=int, metavar="PORT", help="lines over TCP")
    where("--unix", metavar="PATH", help="lines over a unix socket")


def _add_http(parser: argparse.ArgumentParser) -> None:
    http = parser.add_argument_group("over HTTP").add_argument
    http("--status", type=int, metavar="CODE", help="answer with this status")
    http("--on", type=_names, default=(), metavar="METHODS", help="only these MCP methods (for --status and --endless)")
    http("--retry-after", type=int, metavar="SECONDS", help="with this header")
    http("--location", metavar="URL", help="with this header")
    http("--lose-session", type=int, metavar="N", help="forget the session (404) from its Nth request on")
    http("--content-type", metavar="TYPE", help="say that answers are of this type")
    http("--endless", action="store_true", help="answer with a stream of events on which no answer comes")
    http("--drip", type=float, default=0.0, metavar="SECONDS", help="send answers in ten pieces, with pauses")
    http("--drip-head", type=float, default=0.0, metavar="SECONDS", help="likewise what comes before the answer")
