"""What is logged, on the terminal of whoever runs the command."""

from __future__ import annotations

import logging
from datetime import datetime

from rich.markup import escape

from mcpstore.cli import output
from mcpstore.models.text import one_line, sanitized

__all__ = ["Lines", "listen"]


class Lines(logging.Handler):
    """Prints each record as one line, without what a terminal would obey.

    Args:
        times: Whether each begins with the time, as it does where somebody reads it later.
    """

    def __init__(self, *, times: bool) -> None:
        super().__init__()
        self._times = times

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        try:
            told = self.format(record)
            told = sanitized(told) if record.exc_info else one_line(told)
            when = datetime.fromtimestamp(record.created)  # noqa: DTZ006 - local time, for the person who reads it
            before = f"{when:%H:%M:%S}" if self._times else f"[yellow]{record.levelname.lower()}:[/]"
            output.err.print(f"{before} {escape(told)}", soft_wrap=True)
        except Exception:  # noqa: BLE001 - as every handler does: a record that cannot be printed ends nothing
            self.handleError(record)


def listen(*, verbose: bool = False, lasting: bool = False) -> None:
    """Have warnings printed.

    Args:
        verbose: Whether to print more than warnings.
        lasting: Whether the command runs for long.
    """
    handler: logging.Handler = Lines(times=lasting)
    if lasting and output.err.is_terminal:
        from rich.logging import RichHandler  # noqa: PLC0415 - dear to import, and rarely needed

        handler = RichHandler(console=output.err, show_path=False, show_level=verbose, log_time_format="[%X]")
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler])
    if verbose:  # of ours only: other libraries also tell the addresses they ask, with the keys that are in them
        logging.getLogger("mcpstore").setLevel(logging.INFO)
