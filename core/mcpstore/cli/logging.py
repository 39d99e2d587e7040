"""Log output of a command on the terminal."""

from __future__ import annotations

import logging
from datetime import datetime

from rich.markup import escape

from mcpstore.cli import output
from mcpstore.models.text import one_line, sanitized

__all__ = ["LineHandler", "configure_logging"]


class LineHandler(logging.Handler):
    """Log handler that prints each record as one line, without terminal control sequences.

    Args:
        times: Whether each line begins with the time of the record; if not, with its level.
    """

    def __init__(self, *, times: bool) -> None:
        super().__init__()
        self._times = times

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        try:
            message = self.format(record)
            message = sanitized(message) if record.exc_info else one_line(message)
            when = datetime.fromtimestamp(record.created)  # noqa: DTZ006 - shown in local time
            prefix = f"{when:%H:%M:%S}" if self._times else f"[yellow]{record.levelname.lower()}:[/]"
            output.err.print(f"{prefix} {escape(message)}", soft_wrap=True)
        except Exception:  # noqa: BLE001 - a log handler must not raise
            self.handleError(record)


def configure_logging(*, verbose: bool = False, lasting: bool = False) -> None:
    """Print warnings on stderr.

    Args:
        verbose: Whether to print the records of MCPStore from level INFO up.
        lasting: Whether the command runs until it is stopped; its lines begin with the time.
    """
    handler: logging.Handler = LineHandler(times=lasting)
    if lasting and output.err.is_terminal:
        from rich.logging import RichHandler  # noqa: PLC0415 - slow to import, and rarely needed

        handler = RichHandler(console=output.err, show_path=False, show_level=verbose, log_time_format="[%X]")
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler])
    if verbose:  # only for MCPStore: other libraries log URLs with the keys in them
        logging.getLogger("mcpstore").setLevel(logging.INFO)
