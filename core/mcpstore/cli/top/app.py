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

from mcpstore.cli.top.cells import COLUMNS, FIRST_NUMBER_COLUMN, LAST_NUMBER_COLUMN, cells_of
from mcpstore.cli.top.details import STDERR_LINES, service_details
from mcpstore.cli.top.fleet import HISTORY_LENGTH, Fleet
from mcpstore.cli.top.source import Source
from mcpstore.errors import MCPStoreError
from mcpstore.models.text import counted

__all__ = ["Top"]

REFRESH_INTERVAL: Final = 1.0
"""Time between two refreshes, in seconds."""


class Top(App[None]):
    """Live table of the services of a store, with keys to restart, stop, start and check them.

    Args:
        source: Answers requests.
        interval: Time between two refreshes, in seconds; None refreshes only when `update_services` is called.
    """

    TITLE: str | None = "mcpstore top"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False
    CSS: ClassVar[str] = """
    #header { height: 1; padding: 0 1; background: $primary-background; }
    #error { height: auto; padding: 0 1; background: $error; color: $text; display: none; }
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
        Binding("escape", "unfilter", "clear filter", show=False),
        Binding("q", "quit", "quit"),
    ]

    def __init__(self, source: Source, *, interval: float | None = REFRESH_INTERVAL) -> None:
        super().__init__()
        self._source = source
        self._interval = interval
        self._fleet = Fleet()
        self._is_updating = False
        self._cells: dict[str, list[Text]] = {}
        self._tools: dict[str, tuple[Any, Any]] = {}
        self._header: Static = Static(id="header")
        self._error_banner: Static = Static(id="error")
        self._filter: Input = Input(id="filter", placeholder="name, status, connection or transport")
        self._table: DataTable[Text] = DataTable(
            id="services",
            cursor_type="row",
            cursor_foreground_priority="renderable",  # keeps the colours of states
            zebra_stripes=True,
            fixed_columns=1,
        )
        self._details: Static = Static(id="details")

    def compose(self) -> ComposeResult:
        """Yield the widgets of the screen."""
        yield self._header
        yield self._error_banner
        yield self._filter
        yield self._table
        with VerticalScroll(id="pane"):
            yield self._details
        yield Footer()

    async def on_mount(self) -> None:
        """Set up the columns and start to refresh."""
        for index, (title, width, _) in enumerate(COLUMNS):
            is_number = FIRST_NUMBER_COLUMN <= index <= LAST_NUMBER_COLUMN
            label = Text(title, justify="right" if is_number else "left")
            self._table.add_column(label, width=width, key=title)
        self._table.focus()
        if self._interval is not None:
            self.set_interval(self._interval, self._schedule_update)
            self._schedule_update()

    def _run_in_background(
        self, work: Callable[[], Awaitable[None]], group: str, *, exclusive: bool = False
    ) -> Worker[None]:
        """Run work in the background; exclusive work cancels earlier work of the same group."""

        async def run() -> None:
            await work()

        return self.run_worker(run, group=group, exclusive=exclusive)

    # --- all services

    def _schedule_update(self) -> None:
        if not self._is_updating:  # a slow manager gets no second request
            self._run_in_background(self.update_services, "update")

    async def update_services(self) -> None:
        """Request the state of all services, and show what changed."""
        self._is_updating = True
        try:
            self._fleet.update(await self._source.ask("overview", since=self._fleet.updated_at, back=HISTORY_LENGTH))
        except MCPStoreError as error:
            self._show_error(str(error))
        else:
            self._show_error("")
            self._show_services()
            await self._show_details()
        finally:
            self._is_updating = False

    def _show_error(self, text: str) -> None:
        self._error_banner.display = bool(text)
        self._table.set_class(bool(text), "stale")
        if text:
            self._error_banner.update(Text(f"{text}; retrying"))

    def _show_services(self) -> None:
        """Update the table and the header; cells that did not change are not redrawn."""
        fleet, table = self._fleet, self._table
        wanted = fleet.matching(self._filter.value)
        if [key for key in self._cells if key in wanted] != wanted[: len(self._cells)] or set(self._cells) - set(
            wanted
        ):
            selected = self._selected
            table.clear()
            self._cells.clear()
            self._update_rows(wanted)
            if selected in wanted:
                table.move_cursor(row=wanted.index(selected))
        else:
            self._update_rows(wanted)
        self._header.update(self._summary(len(wanted)))

    def _update_rows(self, names: list[str]) -> None:
        fleet, table = self._fleet, self._table
        for name in names:
            fresh, known = cells_of(fleet.rows[name], fleet.updated_at), self._cells.get(name)
            if known is None:
                table.add_row(*fresh, key=name)
            else:
                for (title, _, _), new, old in zip(COLUMNS, fresh, known, strict=True):
                    if new != old:
                        table.update_cell(name, title, new)
            self._cells[name] = fresh

    def _summary(self, shown: int) -> Text:
        fleet = self._fleet
        failed = fleet.count("error")
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"{fleet.count('running')} of {len(fleet.rows)} running", style="bold")
        if failed:
            text.append(f"  {failed} in error", style="bold red")
        if fleet.alerts:
            text.append(f"  {counted(fleet.alerts, 'alert')}", style="bold yellow")
        if shown != len(fleet.rows):
            text.append(f"  {shown} shown", style="yellow")
        text.append(f"  {fleet.throughput:.1f} calls/s")
        where = fleet.location if self._source.is_manager else f"{fleet.location}, started for this command only"
        text.append(f"  {datetime.fromtimestamp(fleet.updated_at).astimezone():%H:%M:%S}  {where}", style="dim")
        return text

    # --- the selected service

    @property
    def _selected(self) -> str | None:
        """The name of the service under the cursor."""
        if not self._table.is_valid_row_index(self._table.cursor_row):
            return None
        return self._table.ordered_rows[self._table.cursor_row].key.value

    @on(DataTable.RowHighlighted)
    def _selection_changed(self) -> None:
        self._run_in_background(self._show_details, "details", exclusive=True)

    async def _show_details(self) -> None:
        name = self._selected
        row = self._fleet.rows.get(name or "")
        if name is None or row is None:
            self._details.update("")
            return
        try:
            diagnosis = await self._source.ask("diagnose", name=name)
            lines = await self._source.ask("logs", name=name, lines=STDERR_LINES)
            tools = await self._tools_of(name, row.now)
        except MCPStoreError as error:
            self.log(error)  # the next refresh shows the error
            return
        if self._selected == name:
            self._details.update(service_details(row, diagnosis, lines, tools))

    async def _tools_of(self, name: str, now: Mapping[str, Any]) -> Any:
        """Return the tools of a service; requested again only when their number or the connection changed."""
        version = (now["tool_count"], now["connection_state"])
        cached = self._tools.get(name)
        if cached is None or cached[0] != version:
            cached = self._tools[name] = (version, await self._source.ask("tools", service=name))
        return cached[1]

    # --- keys

    def action_act(self, verb: str) -> None:
        """Run a command on the selected service."""
        name = self._selected
        if name is not None:
            self._run_in_background(partial(self.act, verb, name), f"act-{name}")

    async def act(self, verb: str, name: str) -> None:
        """Run a command on a service, and show its outcome."""
        texts, arguments = _ACTION_TEXTS[verb], {"names": [name]} if verb == "check" else {"name": name}
        self.notify(f"{texts[0]} {name} …", timeout=3)
        try:
            answer = await self._source.act(verb, **arguments)
        except MCPStoreError as error:
            self.notify(str(error), title=name, severity="error")
            return
        succeeded = bool(answer[0]["healthy"]) if verb == "check" else bool(answer)
        self.notify(f"{name} {texts[1 if succeeded else 2]}", severity="information" if succeeded else "error")
        await self.update_services()

    def action_filter(self) -> None:
        """Show the filter field and focus it."""
        self._filter.display = True
        self.screen.set_focus(self._filter)  # at once, so that the next key goes there

    def action_unfilter(self) -> None:
        """Clear the filter."""
        self._filter.value = ""
        self._filter.display = False
        self.screen.set_focus(self._table)

    @on(Input.Changed, "#filter")
    def _filtered(self) -> None:
        if self._fleet.updated_at:
            self._show_services()

    @on(Input.Submitted, "#filter")
    def _filter_done(self) -> None:
        self.screen.set_focus(self._table)


_ACTION_TEXTS: Final = {
    "restart": ("restarting", "is running", "could not be started"),
    "start": ("starting", "is running", "could not be started"),
    "stop": ("stopping", "is stopped", "could not be stopped"),
    "check": ("checking", "is healthy", "is not healthy"),
}
