"""The seven states and their edges as an SVG: laid out by hand, labelled from the observations of the check."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import attrs
from _lifecycle.observed import Observed, in_order

from mcpstore.models.service import LIVE_STATES, ServiceConnectionState

__all__ = ["draw"]

State = ServiceConnectionState
Point = tuple[float, float]

LEFT, WIDTH, HEIGHT = -28, 1140, 784
BOX: Final = (164, 58)
FRAME: Final = (344, 34, 736, 452)
"""x, y, width and height of the frame around the live states."""

PLACES: Final = {
    State.INITIALIZING: (132, 104),
    State.RECONNECTING: (132, 416),
    State.DISCONNECTED: (712, 646),
    State.HEALTHY: (452, 104),
    State.WARNING: (972, 104),
    State.UNKNOWN: (712, 250),
    State.UNHEALTHY: (712, 416),
}

SAYS: Final = {
    State.INITIALIZING: "first connection",
    State.HEALTHY: "answers in time",
    State.WARNING: "answers slowly",
    State.UNHEALTHY: "a check failed",
    State.UNKNOWN: "no evidence",
    State.RECONNECTING: "being reopened",
    State.DISCONNECTED: "stopped or resting",
}


@attrs.frozen
class Arrow:
    """One drawn arrow. A label that stands on its line interrupts it.

    Attributes:
        sources: The states it begins at; more than one if it begins at the frame.
        target: The state it leads to.
        asked: Whether an operator requests it (dashed).
        points: Its corners, from the first to the last.
        label: Position of the names of its rows.
        anchor: How the label is aligned there.
        width: Largest number of names in one line of the label.
    """

    sources: tuple[State, ...]
    target: State
    asked: bool
    points: tuple[Point, ...]
    label: Point
    anchor: str = "middle"
    width: int = 9


def draw(observed: Observed) -> str:
    """Return the picture.

    Raises:
        RuntimeError: The picture and the machine do not have the same edges.
    """
    arrows = list(_arrows())
    _compare(arrows, observed)
    parts = [_HEAD, _frame(), *(_path(arrow) for arrow in arrows)]
    parts += [_start(), *(_box(state) for state in PLACES)]
    parts += [_label(arrow, observed) for arrow in arrows]
    return "\n".join([*parts, _legend(), "</svg>", ""])


# --- layout ------------------------------------------------------------------------------------------------


def _arrows() -> Iterator[Arrow]:
    live = tuple(sorted(LIVE_STATES))
    i, h, w, u, x, r, d = (
        *(State.INITIALIZING, State.HEALTHY, State.WARNING, State.UNHEALTHY, State.UNKNOWN),
        *(State.RECONNECTING, State.DISCONNECTED),
    )
    # within the frame: pairs of opposite arrows; the right half mirrors the left half
    yield Arrow((h,), w, False, ((534, 97), (890, 97)), (712, 88))
    yield Arrow((w,), h, False, ((890, 111), (534, 111)), (712, 128))
    yield Arrow((h,), u, False, ((410, 133), (644, 387)), (524, 280), "end")
    yield Arrow((u,), h, False, ((668, 387), (434, 133)), (580, 282), "start")
    yield Arrow((w,), u, False, ((1014, 133), (780, 387)), (900, 280), "start")
    yield Arrow((u,), w, False, ((756, 387), (990, 133)), (844, 282), "end")
    yield Arrow((h,), x, False, ((534, 119), (660, 221)), (610, 164), "start")
    yield Arrow((x,), h, False, ((630, 236), (502, 133)), (556, 200), "end")
    yield Arrow((w,), x, False, ((890, 119), (764, 221)), (814, 164), "end")
    yield Arrow((x,), w, False, ((794, 236), (922, 133)), (868, 200), "start")
    yield Arrow((x,), u, False, ((722, 279), (722, 387)), (732, 308), "start", 2)
    yield Arrow((u,), x, False, ((702, 387), (702, 279)), (692, 308), "end", 1)
    # connecting and losing
    yield Arrow((i,), h, False, ((214, 94), (370, 94)), (280, 85))
    yield Arrow((i,), r, False, ((112, 133), (112, 387)), (102, 264), "end")
    yield Arrow((r,), h, False, ((196, 387), (392, 133)), (270, 306), "start")
    yield Arrow((u,), r, False, ((630, 404), (214, 404)), (462, 395))
    yield Arrow((r,), d, False, ((180, 445), (180, 630), (630, 630)), (410, 630))
    yield Arrow((d,), r, False, ((630, 660), (154, 660), (154, 445)), (410, 660))
    # requested by an operator
    yield Arrow(live, i, True, ((344, 116), (214, 116)), (280, 134))
    yield Arrow((r,), i, True, ((152, 387), (152, 133)), (162, 264), "start")
    yield Arrow(live, r, True, ((344, 430), (214, 430)), (280, 448))
    yield Arrow(live, d, True, ((722, 486), (722, 617)), (734, 556), "start")
    yield Arrow((r,), d, True, ((204, 445), (204, 592), (682, 592), (682, 617)), (410, 592))
    yield Arrow((d,), r, True, ((644, 675), (644, 692), (128, 692), (128, 445)), (410, 692))
    yield Arrow((d,), i, True, ((682, 675), (682, 724), (20, 724), (20, 92), (50, 92)), (410, 724))
    yield Arrow((i,), d, True, ((50, 116), (0, 116), (0, 756), (722, 756), (722, 675)), (410, 756))


# --- drawing -----------------------------------------------------------------------------------------------


def _path(arrow: Arrow) -> str:
    kind, tip = ("edge asked", "asked") if arrow.asked else ("edge", "edge")
    return f'<path class="{kind}" marker-end="url(#{tip})" d="{_rounded(arrow.points)}"/>'


def _rounded(points: tuple[Point, ...], radius: float = 12) -> str:
    """Return a path through the points with its corners rounded."""
    parts = [f"M{_at(points[0])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into, out = _towards(corner, before, radius), _towards(corner, after, radius)
        parts.append(f"L{_at(into)} Q{_at(corner)} {_at(out)}")
    return " ".join([*parts, f"L{_at(points[-1])}"])


def _towards(start: Point, end: Point, distance: float) -> Point:
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    share = min(distance, length / 2) / length
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def _at(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}".replace(".0", "")


def _label(arrow: Arrow, observed: Observed) -> str:
    names = in_order(observed.edges[arrow.sources[0], arrow.target, arrow.asked])
    x, y = arrow.label
    on_line = any(a[1] == b[1] == y and min(a[0], b[0]) < x < max(a[0], b[0]) for a, b in pairwise(arrow.points))
    inside = FRAME[0] < x < FRAME[0] + FRAME[2] and FRAME[1] < y < FRAME[1] + FRAME[3]
    kind = "rows" + (" asked" if arrow.asked else "") + (" inside" if inside else "")
    lines = [" ".join(names[i : i + arrow.width]) for i in range(0, len(names), arrow.width)]
    spans = "".join(f'<tspan x="{x}" dy="{17 if i else 0}">{line}</tspan>' for i, line in enumerate(lines))
    text = f'<text class="{kind}" y="{y + 5 if on_line else y}" text-anchor="{arrow.anchor}">{spans}</text>'
    if not on_line:
        return text
    width = 8.2 * len(lines[0]) + 10  # about as wide as the text in most fonts
    return f'<rect class="paper" x="{x - width / 2:g}" y="{y - 8}" width="{width:g}" height="16"/>{text}'


def _box(state: State) -> str:
    (x, y), (width, height) = PLACES[state], BOX
    return (
        f'<g class="state {state.value}">'
        f'<rect x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width}" height="{height}" rx="14"/>'
        f'<text class="name" x="{x}" y="{y - 4}">{state.name}</text>'
        f'<text class="says" x="{x}" y="{y + 15}">{SAYS[state]}</text></g>'
    )


def _frame() -> str:
    x, y, width, height = FRAME
    return (
        f'<rect class="frame" x="{x}" y="{y}" width="{width}" height="{height}" rx="22"/>\n'
        f'<text class="frame" x="{x + width - 22}" y="{y + height - 20}" text-anchor="end">'
        "live: tools can be called</text>"
    )


def _start() -> str:
    x, y = PLACES[State.DISCONNECTED]
    begin, end = x + BOX[0] / 2 + 44, x + BOX[0] / 2
    return (
        f'<circle class="start" cx="{begin:g}" cy="{y}" r="6"/>\n'
        f'<path class="edge" marker-end="url(#edge)" d="M{begin - 6:g},{y} L{end:g},{y}"/>'
    )


def _legend() -> str:
    return """<g class="legend" transform="translate(872,560)">
<path class="edge" marker-end="url(#edge)" d="M0,0 L44,0"/><text x="58" y="5">automatic</text>
<path class="edge asked" marker-end="url(#asked)" d="M0,28 L44,28"/><text x="58" y="33">requested by an operator</text>
<text class="small" y="68">The names on the arrows</text>
<text class="small" y="86">are rows of the table.</text>
<text class="small" y="110">A deadline (W1) takes the arrows</text>
<text class="small" y="128">of the failure it stands for.</text>
</g>"""


def _compare(arrows: Iterable[Arrow], observed: Observed) -> None:
    drawn = {(source, arrow.target, arrow.asked): arrow for arrow in arrows for source in arrow.sources}
    if drawn.keys() != observed.edges.keys():
        edges = ", ".join(f"{old.name} -> {new.name}" for old, new, _ in drawn.keys() ^ observed.edges.keys())
        raise RuntimeError(f"the picture and the machine differ in {edges}; lay out docs/_lifecycle/picture.py again")
    for (_, target, asked), arrow in drawn.items():
        names = {frozenset(observed.edges[source, target, asked]) for source in arrow.sources}
        if len(names) > 1:
            raise RuntimeError(f"the live states lead to {target.name} in different ways; draw an arrow for each")


_HEAD: Final = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="{LEFT} 0 {WIDTH} {HEIGHT}"
role="img" aria-labelledby="t d">
<title id="t">The seven states of a connection</title>
<desc id="d">A state machine. Its edges are listed as text below the picture.</desc>
<style>
text {{ font-family: ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }}
text {{ fill: #1f2933; }}
.paper {{ fill: #ffffff; }}
.frame {{ fill: #f5f8f6; stroke: #c3d2c9; stroke-width: 1.5; }}
text.frame {{ fill: #5c7466; stroke: none; font-size: 15px; font-style: italic; }}
.state rect {{ stroke-width: 1.8; }}
.state text {{ text-anchor: middle; }}
.name {{ font-size: 15px; font-weight: 650; letter-spacing: .4px; }}
.says {{ font-size: 12.5px; }}
.healthy rect {{ fill: #d9f2df; stroke: #2f8f4e; }}
.warning rect {{ fill: #fdf0c8; stroke: #b98a11; }}
.unhealthy rect {{ fill: #fde0d4; stroke: #c8562a; }}
.unknown rect {{ fill: #e6e4f3; stroke: #6f66a8; }}
.initializing rect, .reconnecting rect {{ fill: #dcebfa; stroke: #2f6fae; }}
.disconnected rect {{ fill: #e8ebee; stroke: #6b7680; }}
.edge {{ fill: none; stroke: #46525e; stroke-width: 1.7; }}
.edge.asked {{ stroke: #a4478c; stroke-dasharray: 7 5; }}
.tip {{ fill: #46525e; }}
.tip.asked {{ fill: #a4478c; }}
.rows {{ font-size: 14px; font-weight: 600; }}
.rows {{ paint-order: stroke; stroke: #ffffff; stroke-width: 8px; stroke-linejoin: round; }}
.rows.inside {{ stroke: #f5f8f6; }}
.rows.asked {{ fill: #8d2f77; }}
.start {{ fill: #46525e; }}
.legend text {{ font-size: 14px; }}
.legend .small {{ font-size: 12.5px; fill: #5b6773; }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6ebf0; }}
.paper {{ fill: #11161c; }}
.frame {{ fill: #161f1b; stroke: #34493e; }}
text.frame {{ fill: #8fae9c; }}
.healthy rect {{ fill: #173d25; stroke: #56b878; }}
.warning rect {{ fill: #43360d; stroke: #d9ae3c; }}
.unhealthy rect {{ fill: #4a2213; stroke: #e8835a; }}
.unknown rect {{ fill: #2d2a47; stroke: #a098d8; }}
.initializing rect, .reconnecting rect {{ fill: #14304c; stroke: #6caae4; }}
.disconnected rect {{ fill: #2a3138; stroke: #96a2ad; }}
.edge {{ stroke: #a9b5c0; }}
.edge.asked {{ stroke: #e08fc9; }}
.tip, .start {{ fill: #a9b5c0; }}
.tip.asked {{ fill: #e08fc9; }}
.rows {{ stroke: #11161c; }}
.rows.inside {{ stroke: #161f1b; }}
.rows.asked {{ fill: #f0b3de; }}
.legend .small {{ fill: #9aa7b3; }}
}}
</style>
<defs>
<marker id="edge" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">
<path class="tip" d="M0,1 L10,5 L0,9 z"/></marker>
<marker id="asked" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">
<path class="tip asked" d="M0,1 L10,5 L0,9 z"/></marker>
</defs>
<rect class="paper" x="{LEFT}" width="{WIDTH}" height="{HEIGHT}" rx="18"/>"""
