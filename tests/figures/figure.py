"""What a figure is: what others reach, what we aim at, and how it is measured."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import attrs

__all__ = ["Figure", "Part", "Said", "Work"]


@attrs.frozen(kw_only=True)
class Part:
    """One number of a figure.

    Attributes:
        what: What was measured.
        measured: What came out; None if it was not measured.
        aim: What it is to be.
        unit: In what.
        at_least: Whether the aim is a lower bound.
        note: What else is to be said.
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
        """The aim, as people write it."""
        sign = ">= " if self.at_least and self.aim != 0 else "<= " if not self.at_least and self.aim else ""
        return f"{sign}{_number(self.aim)} {self.unit}".strip()

    @property
    def told(self) -> str:
        """What came out, as people write it."""
        if self.measured is None:
            return self.note or "not measured"
        text = f"{_number(self.measured)} {self.unit}".strip()
        return f"{text} ({self.note})" if self.note else text


@attrs.frozen(kw_only=True)
class Said:
    """A part of a figure that somebody else has judged, in words.

    Attributes:
        what: What was measured.
        target: What is wanted.
        told: What came out.
        is_met: Whether that is what is wanted; None if it cannot be told.
        measured: There is no number.
        unit: Nor a unit.
        note: What else is to be said.
    """

    what: str
    target: str
    told: str
    is_met: bool | None
    measured: None = None
    unit: str = ""
    note: str = ""


@attrs.frozen(kw_only=True)
class Work:
    """What a measurement may use.

    Attributes:
        folder: A folder of its own.
        long: Whether it may take long.
        say: Tells people how far it has come.
    """

    folder: Path
    long: bool
    say: Callable[[str], None]


@attrs.frozen(kw_only=True)
class Figure:
    """A figure that is promised.

    Attributes:
        name: What the command calls it.
        title: What it is.
        others: What others reach, and who.
        where: Module and function that measure it.
    """

    name: str
    title: str
    others: str
    where: str

    def measure(self, work: Work) -> list[Part | Said]:
        """Measure it."""
        module, function = self.where.split(":")
        result: Callable[[Work], list[Part | Said]] = getattr(import_module(f".{module}", __package__), function)
        return result(work)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:.3g}" if abs(value) < 100 else f"{value:,.1f}"
