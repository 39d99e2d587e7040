"""Plots of a report, as SVG; each has a title and a description for screen readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from mcpstore.models.text import counted, truncated
from mcpstore.monitoring.report.formatting import duration, milliseconds, percent, when
from mcpstore.monitoring.report.markup import Element, element
from mcpstore.monitoring.report.records import Bucket, Report, ServiceReport
from mcpstore.monitoring.report.scale import nice_top, time_ticks
from mcpstore.monitoring.report.state_bands import runs, worst

__all__ = ["availability_plot", "latency_plot", "states_plot"]

WIDE: Final = 1060
NAMES: Final = 190
"""Width of the column with the names of services."""
ROW: Final = 26
BAND: Final = 16
CELLS: Final = 435
"""Cells of a band, each two units wide."""
NAME_LENGTH: Final = 26

SMALL: Final = 520
TALL: Final = 150
LEFT: Final = 58
BOTTOM: Final = 24
TOP: Final = 8
AXIS: Final = 20


def states_plot(report: Report) -> Element:
    """Return the states of every service over time, as coloured bands."""
    height = ROW * len(report.services) + AXIS
    width = WIDE - NAMES
    cell = width / CELLS
    size = (report.end - report.begin) / CELLS
    text = "; ".join(f"{service.name}: availability {percent(service.availability)}" for service in report.services)
    svg = _svg("states", WIDE, height, "States over time", text)
    svg.extend(_time_axis(report, NAMES, width, 0, height - AXIS, 8))
    for number, service in enumerate(report.services):
        y = number * ROW
        name = truncated(service.name, NAME_LENGTH)
        svg.append(element("text", name, element("title", service.name), x=0, y=y + 17, class_="name"))
        svg.append(element("rect", x=NAMES, y=y + 5, width=width, height=BAND, rx=3, class_="track"))
        for first, count, kind in runs(worst(service.states, report.begin, report.end, CELLS)):
            moment = when(report.begin + first * size, since=report.begin)
            label = element("title", f"{service.name}: {kind} from {moment} for {duration(count * size)}")
            x = NAMES + first * cell
            svg.append(element("rect", label, x=x, y=y + 5, width=count * cell, height=BAND, class_=f"s-{kind}"))
    return svg


def availability_plot(service: ServiceReport, report: Report, number: int) -> Element:
    """Return the availability of a service over time, as bars."""
    text = f"availability {percent(service.availability)}, {counted(len(service.incidents), 'incident')}"
    svg = _svg(f"availability-{number}", SMALL, TALL, f"Availability of {service.name} over time", text)
    floor, height = TALL - BOTTOM, TALL - BOTTOM - TOP
    svg.extend(_scale([(0, "0 %"), (50, "50 %"), (100, "100 %")], 100))
    svg.extend(_time_axis(report, LEFT, SMALL - LEFT, TOP, floor, 5))
    for bucket in service.buckets:
        if bucket.availability is None:
            continue
        x, width = _x(bucket.begin, report), max(_x(bucket.end, report) - _x(bucket.begin, report) - 0.8, 0.4)
        up = height * bucket.availability / 100
        label = element("title", f"{when(bucket.begin, since=report.begin)}: {percent(bucket.availability)}")
        bar = element("g", label)
        if up < height:
            bar.append(element("rect", x=x, y=TOP, width=width, height=height - up, class_="lost"))
        if up > 0:
            bar.append(element("rect", x=x, y=floor - up, width=width, height=up, class_="kept"))
        svg.append(bar)
    return svg


def latency_plot(service: ServiceReport, report: Report, number: int) -> Element:
    """Return the latency of a service's calls (of its checks, if there are no calls) over time, as lines."""
    has_calls = service.calls > 0
    title = "Latency of calls" if has_calls else "Response time of health checks"
    lines: list[tuple[str, str, Callable[[Bucket], float | None]]] = [("mean", "mean", lambda b: b.response_time)]
    if has_calls:
        lines = [("p95", "P95", lambda b: b.p95), ("mean", "mean", lambda b: b.mean)]
    values = [value for _, _, read in lines for b in service.buckets if (value := read(b)) is not None]
    top = nice_top(max(values, default=0.0))
    text = f"highest value {milliseconds(max(values))}" if values else "no data"
    svg = _svg(f"latency-{number}", SMALL, TALL, f"{title} of {service.name} over time", text)
    svg.extend(_scale([(part * top, milliseconds(part * top) if part else "0") for part in (0, 0.5, 1)], top))
    svg.extend(_time_axis(report, LEFT, SMALL - LEFT, TOP, TALL - BOTTOM, 5))
    for bucket in service.buckets:
        if bucket.failed_calls:
            label = element(
                "title", f"{when(bucket.begin, since=report.begin)}: {counted(bucket.failed_calls, 'call')} failed"
            )
            middle = (_x(bucket.begin, report) + _x(bucket.end, report)) / 2
            svg.append(element("circle", label, cx=middle, cy=TALL - BOTTOM, r=3, class_="failed"))
    for kind, _, read in lines:
        svg.extend(_line(service.buckets, read, report, top, f"line {kind}"))
    if not values:
        svg.append(element("text", "no data", x=LEFT + 12, y=TALL / 2, class_="tick"))
    return svg


def _line(
    buckets: Sequence[Bucket], read: Callable[[Bucket], float | None], report: Report, top: float, class_: str
) -> Iterable[Element]:
    """Yield a line for each run of buckets with values; a single bucket is a dot."""
    points: list[tuple[float, float]] = []
    height = TALL - BOTTOM - TOP
    for bucket in (*buckets, None):
        value = None if bucket is None else read(bucket)
        if bucket is not None and value is not None:
            middle = (_x(bucket.begin, report) + _x(bucket.end, report)) / 2
            points.append((middle, TOP + height * (1 - min(value / top, 1.0))))
            continue
        if len(points) == 1:
            yield element("circle", cx=points[0][0], cy=points[0][1], r=1.8, class_=f"{class_} dot")
        elif points:
            yield element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), class_=class_)
        points = []


def _svg(name: str, width: float, height: float, title: str, description: str) -> Element:
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-text"),
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"{name}-title {name}-text",
    )


def _x(moment: float, report: Report) -> float:
    return LEFT + (SMALL - LEFT) * (moment - report.begin) / max(report.end - report.begin, 1e-9)


def _scale(marks: Iterable[tuple[float, str]], top: float) -> Iterable[Element]:
    floor, height = TALL - BOTTOM, TALL - BOTTOM - TOP
    for value, label in marks:
        y = floor - height * value / top
        yield element("line", x1=LEFT, x2=SMALL, y1=y, y2=y, class_="grid")
        yield element("text", label, x=LEFT - 8, y=y + 4, class_="tick end")


def _time_axis(report: Report, left: float, width: float, top: float, floor: float, most: int) -> Iterable[Element]:
    for moment, label in time_ticks(report.begin, report.end, most):
        x = left + width * (moment - report.begin) / (report.end - report.begin)
        yield element("line", x1=x, x2=x, y1=top, y2=floor + 3, class_="grid")
        if left + 14 < x < left + width - 14:
            yield element("text", label, x=x, y=floor + 16, class_="tick middle")
