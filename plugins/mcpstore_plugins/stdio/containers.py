"""Containers outlive the client that started them; here they are labelled, found again and removed.

`docker run` is only a client: after SIGKILL, and often after the end of its input, the container goes on. So the
container is given a label with the marker of the connection, and whatever carries the label is removed at the close.
It is the one case in which an argument is added to those of the configuration.
"""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

from mcpstore_plugins.stdio.launchers import runs_container

__all__ = ["LABEL", "find_containers", "labelled", "remove", "remove_containers"]

LABEL: Final = "mcpstore.marker"
"""The label that holds the marker of the connection a container belongs to."""

_PATIENCE: Final = 5.0
"""Seconds for one word with the container engine; `rm --force` does not wait for the container."""

_log = logging.getLogger("mcpstore.stdio")


def labelled(command: str, args: Sequence[str], marker: str) -> tuple[str, ...]:
    """Return the arguments, with a label if they run a container."""
    at = runs_container(command, args)
    return tuple(args) if at is None else (*args[:at], "--label", f"{LABEL}={marker}", *args[at:])


def remove_containers(client: str, variables: Mapping[str, str], marker: str) -> tuple[str, ...]:
    """Remove the containers of a connection and return the ids of those that would not go. Blocks.

    An engine that does not answer cannot be asked what is left; that is logged, and counts as nothing: it would
    otherwise keep a service from being closed whose only trouble is that the engine is down.

    Args:
        client: Path of docker, podman or nerdctl.
        variables: The environment it was started with.
        marker: Identity of the connection.
    """
    found = find_containers(client, variables, marker)
    if found is None:
        _log.warning("%s does not say whether containers of a closed service are left", client)
        return ()
    return () if remove(client, variables, found) else found


def find_containers(client: str, variables: Mapping[str, str], marker: str) -> tuple[str, ...] | None:
    """Return the ids of the containers of a connection; None if the engine does not answer. Blocks."""
    wanted = f"label={LABEL}={marker}"
    listing = _ask(client, variables, "ps", "--all", "--quiet", "--no-trunc", "--filter", wanted)
    return None if listing is None else tuple(listing.split())


def remove(client: str, variables: Mapping[str, str], containers: Sequence[str]) -> bool:
    """Remove containers, and return whether they are gone. Blocks."""
    return not containers or _ask(client, variables, "rm", "--force", "--volumes", *containers) is not None


def _ask(client: str, variables: Mapping[str, str], *args: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - the client the user configured, with arguments of ours
            [client, *args],
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            start_new_session=True,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace")
