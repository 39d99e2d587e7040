"""What an HTTP route plugin offers: a path of the HTTP API. Declared for the API that is to come; not asked for yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs

__all__ = ["HttpRoute"]


@attrs.frozen(kw_only=True)
class HttpRoute:
    """A path of the HTTP API.

    Attributes:
        name: What it is called; routes of one name are refused.
        path: The path below the API's own, such as "/inventory/{owner}".
        answer: Called with (store, parameters): the `AsyncMCPStore`, and what path and query hold; returns what is sent
            as JSON.
        method: The HTTP method.
        help: One sentence for the description of the API.
    """

    name: str
    path: str
    answer: Callable[[Any, Mapping[str, str]], Awaitable[Any]]
    method: str = "GET"
    help: str = ""
