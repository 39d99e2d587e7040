"""Containers of services: labelled at the start, and removed when the connection is closed.

`docker run` is only a client: after SIGKILL, and often after the end of its input, the container continues to run. So
the container gets a label with the marker of the connection, and every container with this label is removed at the
close. This is the only case in which an argument is added to the configured ones.
"""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

from mcpstore_plugins.stdio.launchers import container_options_index

__all__ = ["LABEL", "find_containers", "remove", "remove_containers", "with_label"]

LABEL: Final = "mcpstore.marker"
"""Label with the marker of the connection that a container belongs to."""

_TIMEOUT: Final = 5.0
"""Seconds that a command of the container client may take; `rm --force` does not wait for the container."""

_log = logging.getLogger("mcpstore.stdio")


def with_label(command: str, args: Sequence[str], marker: str) -> tuple[str, ...]:
    """Return the arguments, with the label added if they run a container."""
    index = container_options_index(command, args)
    return tuple(args) if index is None else (*args[:index], "--label", f"{LABEL}={marker}", *args[index:])


def remove_containers(client: str, variables: Mapping[str, str], marker: str) -> tuple[str, ...]:
    """Remove the containers of a connection, and return the ids of those that could not be removed. Blocks.

    An engine that does not answer is logged and counts as having no containers: an engine that is down must not prevent
    the close of its services.

    Args:
        client: Path of docker, podman or nerdctl.
        variables: Environment that the client was started with.
        marker: Marker of the connection.
    """
    containers = find_containers(client, variables, marker)
    if containers is None:
        _log.warning(
            "%s did not answer: containers of a closed service may be left; list them with `ps --all --filter %s`",
            client,
            f"label={LABEL}={marker}",
        )
        return ()
    return () if remove(client, variables, containers) else containers


def find_containers(client: str, variables: Mapping[str, str], marker: str) -> tuple[str, ...] | None:
    """Return the ids of the containers of a connection; None if the engine does not answer. Blocks."""
    label = f"label={LABEL}={marker}"
    listing = _run_client(client, variables, "ps", "--all", "--quiet", "--no-trunc", "--filter", label)
    return None if listing is None else tuple(listing.split())


def remove(client: str, variables: Mapping[str, str], containers: Sequence[str]) -> bool:
    """Remove containers, and return whether all were removed. Blocks."""
    return not containers or _run_client(client, variables, "rm", "--force", "--volumes", *containers) is not None


def _run_client(client: str, variables: Mapping[str, str], *args: str) -> str | None:
    try:
        process = subprocess.run(  # noqa: S603 - the client that the user configured, with our arguments
            [client, *args],
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT,
            start_new_session=True,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return process.stdout.decode(errors="replace")
