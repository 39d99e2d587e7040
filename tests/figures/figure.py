"""A figure: its target, values of other projects, and its measurement."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import attrs

__all__ = ["Figure", "Part", "ReportedPart", "Work"]


@attrs.frozen(kw_only=True)
class Part:
    """One number of a figure.

    Attributes:
        what: What was measured.
        measured: The measured value; None if it was not measured.
        aim: The target value.
        unit: The unit.
        at_least: Whether the aim is a lower bound.
        note: A remark.
    """

    what: str
    measured: float | None
    aim: float
    unit: str = ""
    at_least: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is met; None if nothing was measured."""
        if self.measured is None:
            return None
        return self.measured >= self.aim if self.at_least else self.measured <= self.aim

    @property
    def target(self) -> str:
        """The aim as text."""
        sign = ">= " if self.at_least and self.aim != 0 else "<= " if not self.at_least and self.aim else ""
        return f"{sign}{_number(self.aim)} {self.unit}".strip()

    @property
    def result(self) -> str:
        """The measured value as text."""
        if self.measured is None:
            return self.note or "not measured"
        text = f"{_number(self.measured)} {self.unit}".strip()
        return f"{text} ({self.note})" if self.note else text


@attrs.frozen(kw_only=True)
class ReportedPart:
    """A part of a figure that another program has judged, as text.

    Attributes:
        what: What was measured.
        target: The target.
        result: The measured value.
        is_met: Whether the target is met; None if that is unknown.
        measured: None; there is no number.
        unit: Empty; there is no unit.
        note: A remark.
    """

    what: str
    target: str
    result: str
    is_met: bool | None
    measured: None = None
    unit: str = ""
    note: str = ""


@attrs.frozen(kw_only=True)
class Work:
    """Options and tools of a measurement.

    Attributes:
        folder: Its own folder.
        long: Whether it may take long.
        say: Reports the progress.
    """

    folder: Path
    long: bool
    say: Callable[[str], None]


@attrs.frozen(kw_only=True)
class Figure:
    """A promised figure.

    Attributes:
        name: Its name on the command line.
        title: Its title.
        others: Values of other projects, with their names.
        where: Module and function of the measurement.
    """

    name: str
    title: str
    others: str
    where: str

    def measure(self, work: Work) -> list[Part | ReportedPart]:
        """Measure the figure."""
        module, function = self.where.split(":")
        result: Callable[[Work], list[Part | ReportedPart]] = getattr(
            import_module(f".{module}", __package__), function
        )
        return result(work)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:.3g}" if abs(value) < 100 else f"{value:,.1f}"
