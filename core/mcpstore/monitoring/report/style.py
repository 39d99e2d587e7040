"""Style sheet of the HTML report, for a light and a dark background."""

from __future__ import annotations

from typing import Final

__all__ = ["CSS"]

CSS: Final = """
:root {
  color-scheme: light dark;
  --page: #f4f6f8; --card: #ffffff; --text: #1a2027; --dim: #5c6773; --line: #dfe4ea; --track: #eceff3;
  --healthy: #2f9e5f; --warning: #e0a100; --unhealthy: #e8702a; --reconnecting: #8b5cf6; --disconnected: #d3364a;
  --unknown: #3aa6b9; --initializing: #4a8df0; --stopped: #a8b1bc; --kept: #6cc28f; --lost: #d3364a;
  --mean: #3277d9; --p95: #b25fd0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1217; --card: #161b22; --text: #e6eaef; --dim: #96a1ae; --line: #29313b; --track: #212831;
    --healthy: #35a468; --warning: #d9a521; --unhealthy: #e57b3c; --reconnecting: #9a78f2; --disconnected: #e05263;
    --unknown: #46adbf; --initializing: #5f9bf2; --stopped: #5d6875; --kept: #2f8f5b; --lost: #e05263;
    --mean: #6ea8f7; --p95: #c98be2;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
}
main { max-width: 1120px; margin: 0 auto; padding: 32px 20px 48px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
h2 { font-size: 17px; margin: 0 0 12px; }
h3 { font-size: 12.5px; font-weight: 600; margin: 0 0 8px; color: var(--dim); }
p { margin: 0; }
.dim { color: var(--dim); }
.card, .tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.card { padding: 18px 20px; margin-top: 16px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 22px; }
.tile { padding: 12px 16px; }
.tile b { display: block; font-size: 22px; font-weight: 650; letter-spacing: -0.01em; }
.tile span { color: var(--dim); font-size: 13px; }
.action { border-left: 4px solid var(--unhealthy); }
.healthy { border-left: 4px solid var(--healthy); }
.action ul { list-style: none; margin: 10px 0 0; padding: 0; }
.action li { padding: 8px 0; border-top: 1px solid var(--line); }
.remedy { display: block; }
.remedy::before { content: "→ "; color: var(--dim); }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--text); font-size: 13px; }
svg .tick { fill: var(--dim); font-size: 11.5px; }
svg .middle { text-anchor: middle; }
svg .end { text-anchor: end; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .track { fill: var(--track); }
svg .kept { fill: var(--kept); }
svg .lost { fill: var(--lost); }
svg .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
svg .line.mean { stroke: var(--mean); }
svg .line.p95 { stroke: var(--p95); }
svg .dot.mean { fill: var(--mean); stroke: none; }
svg .dot.p95 { fill: var(--p95); stroke: none; }
svg .failed { fill: var(--lost); }
.s-healthy { fill: var(--healthy); background: var(--healthy); }
.s-warning { fill: var(--warning); background: var(--warning); }
.s-unhealthy { fill: var(--unhealthy); background: var(--unhealthy); }
.s-reconnecting { fill: var(--reconnecting); background: var(--reconnecting); }
.s-disconnected { fill: var(--disconnected); background: var(--disconnected); }
.s-unknown { fill: var(--unknown); background: var(--unknown); }
.s-initializing { fill: var(--initializing); background: var(--initializing); }
.s-stopped { fill: var(--stopped); background: var(--stopped); }
.k-mean { background: var(--mean); }
.k-p95 { background: var(--p95); }
.k-failed { background: var(--lost); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 14px 0 0; padding: 0; list-style: none; }
.legend li { font-size: 12.5px; color: var(--dim); }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th { text-align: left; font-weight: 600; font-size: 12.5px; color: var(--dim); }
th, td { padding: 7px 10px 7px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; }
td.figure, th.figure { text-align: right; font-variant-numeric: tabular-nums; }
td.wide { white-space: normal; overflow-wrap: anywhere; }
td a { color: inherit; text-decoration-color: var(--line); text-underline-offset: 3px; }
summary { cursor: pointer; list-style: none; }
summary { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 14px; }
summary::-webkit-details-marker { display: none; }
summary::before { content: "▸"; color: var(--dim); }
[open] > summary::before { content: "▾"; }
summary h2 { margin: 0; overflow-wrap: anywhere; }
.badge { font-size: 12.5px; white-space: nowrap; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 22px 32px; margin-top: 16px; }
.stack { display: flex; height: 10px; border-radius: 5px; overflow: hidden; background: var(--track); }
.plain { margin: 0; padding: 0; list-style: none; font-size: 13.5px; }
.plain li { padding: 3px 0; overflow-wrap: anywhere; }
footer { margin-top: 24px; font-size: 12.5px; color: var(--dim); }
@media print { .card, .tile { break-inside: avoid; } body { background: none; } }
"""
