"""All figures, in the order of their output."""

from __future__ import annotations

from .figure import Figure

__all__ = ["FIGURES"]

FIGURES = (
    Figure(
        name="trees",
        title="processes left after the close of hostile trees",
        others="the MCP SDK leaves 3 of 3 when its server goes politely; killpg leaves 2 of 3",
        where="processes:trees",
    ),
    Figure(
        name="kills",
        title="after kill -9 of the manager",
        others="232 orphans in 7 days (email-mcp#60)",
        where="processes:kills",
    ),
    Figure(
        name="fleet",
        title="start of 100 stdio servers that cost 1.5 s of processor each",
        others="19 of 99 and 19 of 104 came up (mcphub#1154, #1162)",
        where="fleet:fleet",
    ),
    Figure(
        name="respawns",
        title="openings a day of a process that lives 20 s",
        others="supervisord about 4300, Kubernetes about 270",
        where="simulated:respawns",
    ),
    Figure(
        name="healing",
        title="usable again after the world has healed",
        others="never (systemd's start limit, supervisord's FATAL); Kubernetes up to 300 s",
        where="simulated:healing",
    ),
    Figure(
        name="false-restarts",
        title="restarts a day of servers that are well, but odd, slow or busy",
        others="362 (hermes-agent#97245)",
        where="health:false_restarts",
    ),
    Figure(
        name="noticing",
        title="from an exit, or from silence, to a change of state",
        others="polls every 5 s to 30 s",
        where="health:noticing",
    ),
    Figure(
        name="drop",
        title="1000 connections are lost at once",
        others="1000 openings at once without jitter, 22 with it",
        where="simulated:drop",
    ),
    Figure(
        name="torn",
        title="files torn, or edits lost, over all points of failure",
        others="writing in place: 14 of 24",
        where="files:torn",
    ),
    Figure(
        name="alerts",
        title="notifications while no receiver is reachable for an hour",
        others="lost (uptime-kuma#6046); the end of an incident lost (Gatus)",
        where="simulated:alerts",
    ),
    Figure(
        name="flood",
        title="a line that does not end",
        others="the MCP SDK: 8.2 s of processor for 40 MiB, quadratic",
        where="floods:flood",
    ),
    Figure(
        name="flaws",
        title="flaws put in on purpose that are found",
        others="",
        where="flawed:flaws",
    ),
    Figure(
        name="coverage",
        title="what the checks of the kernel reach",
        others="",
        where="flawed:coverage",
    ),
    Figure(
        name="soak",
        title="slopes of 50 services under chaos",
        others="files run out in 2 to 3 days (onecli#484)",
        where="soaking:soak",
    ),
    Figure(
        name="secrets",
        title="secrets found in any output",
        others="many (mcp-remote#268, chattermate#272)",
        where="secrets:secrets",
    ),
)
