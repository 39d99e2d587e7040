"""The screen of `mcpstore top`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Final

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import DataTable, Footer, Input, Static
from textual.worker import Worker

from mcpstore.cli.top.cells import COLUMNS, FIRST_FIGURE, LAST_FIGURE, cells_of
from mcpstore.cli.top.details import LINES, details
from mcpstore.cli.top.fleet import BACK, Fleet
from mcpstore.cli.top.source import Source
from mcpstore.errors import MCPStoreError
from mcpstore.models.text import counted

__all__ = ["Top"]

EVERY: Final = 1.0
"""Seconds between refreshes."""


class Top(App[None]):
    """Shows the services of a store, and lets people restart, stop, start and check them.

    Args:
        source: Answers requests.
        every: Seconds between refreshes; None refreshes only when `look` is called.
    """

    TITLE: str | None = "mcpstore top"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False
    CSS: ClassVar[str] = """
    #head { height: 1; padding: 0 1; background: $primary-background; }
    #trouble { height: auto; padding: 0 1; background: $error; color: $text; display: none; }
    #filter { display: none; border: none; height: 1; padding: 0 1; }
    #services { height: 1fr; min-height: 6; }
    #services > .datatable--cursor { background: #34495e; }
    #services.stale { opacity: 60%; }
    #pane { height: auto; max-height: 60%; border-top: solid $primary-background; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "act('restart')", "restart"),
        Binding("s", "act('start')", "start"),
        Binding("x", "act('stop')", "stop"),
        Binding("c", "act('check')", "check"),
        Binding("slash", "filter", "filter", key_display="/"),
        Binding("escape", "unfilter", "no filter", show=False),
        Binding("q", "quit", "quit"),
    ]

    def __init__(self, source: Source, *, every: float | None = EVERY) -> None:
        super().__init__()
        self._source = source
        self._every = every
        self._fleet = Fleet()
        self._is_looking = False
        self._shown: dict[str, list[Text]] = {}
        self._tools: dict[str, tuple[Any, Any]] = {}
        self._head: Static = Static(id="head")
        self._trouble: Static = Static(id="trouble")
        self._filter: Input = Input(id="filter", placeholder="name, state, status or transport")
        self._table: DataTable[Text] = DataTable(
            id="services",
            cursor_type="row",
            cursor_foreground_priority="renderable",  # the colours of states stay
            zebra_stripes=True,
            fixed_columns=1,
        )
        self._details: Static = Static(id="details")

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self._head
        yield self._trouble
        yield self._filter
        yield self._table
        with VerticalScroll(id="pane"):
            yield self._details
        yield Footer()

    async def on_mount(self) -> None:
        """Begin to look."""
        for number, (title, width, _) in enumerate(COLUMNS):
            is_figure = FIRST_FIGURE <= number <= LAST_FIGURE
            label = Text(title, justify="right" if is_figure else "left")
            self._table.add_column(label, width=width, key=title)
        self._table.focus()
        if self._every is not None:
            self.set_interval(self._every, self._look_soon)
            self._look_soon()

    def _work(self, work: Callable[[], Awaitable[None]], group: str, *, exclusive: bool = False) -> Worker[None]:
        """Do something beside the screen; what is exclusive takes the place of what was begun in the same group."""

        async def run() -> None:
            await work()

        return self.run_worker(run, group=group, exclusive=exclusive)

    # --- looking

    def _look_soon(self) -> None:
        if not self._is_looking:  # a manager that is slow is not asked twice
            self._work(self.look, "look")

    async def look(self) -> None:
        """Ask how the services fare, and show what changed."""
        self._is_looking = True
        try:
            self._fleet.take(await self._source.ask("overview", since=self._fleet.seen, back=BACK))
        except MCPStoreError as error:
            self._show_trouble(str(error))
        else:
            self._show_trouble("")
            self._show()
            await self._show_details()
        finally:
            self._is_looking = False

    def _show_trouble(self, text: str) -> None:
        self._trouble.display = bool(text)
        self._table.set_class(bool(text), "stale")
        if text:
            self._trouble.update(Text(f"{text}; trying again"))

    def _show(self) -> None:
        """Bring the screen up to date; cells that did not change are left alone."""
        fleet, table = self._fleet, self._table
        wanted = fleet.chosen(self._filter.value)
        if [key for key in self._shown if key in wanted] != wanted[: len(self._shown)] or set(self._shown) - set(
            wanted
        ):
            chosen = self._chosen
            table.clear()
            self._shown.clear()
            self._fill(wanted)
            if chosen in wanted:
                table.move_cursor(row=wanted.index(chosen))
        else:
            self._fill(wanted)
        self._head.update(self._summary(len(wanted)))

    def _fill(self, names: list[str]) -> None:
        fleet, table = self._fleet, self._table
        for name in names:
            fresh, known = cells_of(fleet.rows[name], fleet.seen), self._shown.get(name)
            if known is None:
                table.add_row(*fresh, key=name)
            else:
                for (title, _, _), new, old in zip(COLUMNS, fresh, known, strict=True):
                    if new != old:
                        table.update_cell(name, title, new)
            self._shown[name] = fresh

    def _summary(self, shown: int) -> Text:
        fleet = self._fleet
        ill = fleet.count("error")
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{fleet.count('running')} of {len(fleet.rows)} running", style="bold")
        if ill:
            text.append(f"  {ill} in error", style="bold red")
        if fleet.alerts:
            text.append(f"  {counted(fleet.alerts, 'alert')}", style="bold yellow")
        if shown != len(fleet.rows):
            text.append(f"  {shown} shown", style="yellow")
        text.append(f"  {fleet.throughput:.1f} calls/s")
        who = fleet.location if self._source.is_manager else f"{fleet.location}, started for the moment"
        text.append(f"  {datetime.fromtimestamp(fleet.seen).astimezone():%H:%M:%S}  {who}", style="dim")
        return text

    # --- one service

    @property
    def _chosen(self) -> str | None:
        """The service the cursor is on."""
        if not self._table.is_valid_row_index(self._table.cursor_row):
            return None
        return self._table.ordered_rows[self._table.cursor_row].key.value

    @on(DataTable.RowHighlighted)
    def _chose(self) -> None:
        self._work(self._show_details, "details", exclusive=True)

    async def _show_details(self) -> None:
        name = self._chosen
        row = self._fleet.rows.get(name or "")
        if name is None or row is None:
            self._details.update("")
            return
        try:
            diagnosis = await self._source.ask("diagnose", name=name)
            lines = await self._source.ask("logs", name=name, lines=LINES)
            tools = await self._tools_of(name, row.now)
        except MCPStoreError as error:
            self.log(error)  # the next look says what is the matter
            return
        if self._chosen == name:
            self._details.update(details(row, diagnosis, lines, tools))

    async def _tools_of(self, name: str, now: Mapping[str, Any]) -> Any:
        """Return the tools of a service; asked for again only when their number or the connection changed."""
        mark = (now["tool_count"], now["connection_state"])
        known = self._tools.get(name)
        if known is None or known[0] != mark:
            known = self._tools[name] = (mark, await self._source.ask("tools", service=name))
        return known[1]

    # --- keys

    def action_act(self, verb: str) -> None:
        """Do something with the chosen service."""
        name = self._chosen
        if name is not None:
            self._work(partial(self.act, verb, name), f"act-{name}")

    async def act(self, verb: str, name: str) -> None:
        """Do something with a service, and say what came of it."""
        words, arguments = _WORDS[verb], {"names": [name]} if verb == "check" else {"name": name}
        self.notify(f"{words[0]} {name} …", timeout=3)
        try:
            answer = await self._source.act(verb, **arguments)
        except MCPStoreError as error:
            self.notify(str(error), title=name, severity="error")
            return
        well = bool(answer[0]["healthy"]) if verb == "check" else bool(answer)
        self.notify(f"{name} {words[1 if well else 2]}", severity="information" if well else "error")
        await self.look()

    def action_filter(self) -> None:
        """Show the field for the filter."""
        self._filter.display = True
        self.screen.set_focus(self._filter)  # at once: the next key belongs to it

    def action_unfilter(self) -> None:
        """Show every service again."""
        self._filter.value = ""
        self._filter.display = False
        self.screen.set_focus(self._table)

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        if self._fleet.seen:
            self._show()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.screen.set_focus(self._table)


_WORDS: Final = {
    "restart": ("restarting", "is running", "could not be started"),
    "start": ("starting", "is running", "could not be started"),
    "stop": ("stopping", "is stopped", "did not end"),
    "check": ("checking", "is well", "is not well"),
}
