"""HTTP headers of a message, by the specification of each protocol era.

Proxies route and filter by them, so servers refuse a message whose headers contradict it. The headers are defined in
`mcp.shared.inbound` of the SDK. When they are set follows the SDK's session, which this module replaces
(`mcp.client.session`, `_make_modern_stamp` and `_absorb_tool_listing` of 2.3.0).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from mcp.shared.inbound import (
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    NAME_BEARING_METHODS,
    encode_header_value,
    find_invalid_x_mcp_header,
    mcp_param_headers,
    x_mcp_header_map,
)

from mcpstore.models.json_types import as_array, as_object, as_text
from mcpstore.wire.handshake import INITIALIZE
from mcpstore.wire.protocol import PROTOCOL_VERSION_KEY

__all__ = ["Headers"]

_TOOLS_LIST: Final = "tools/list"

_logger: Final = logging.getLogger("mcpstore.wire")


class Headers:
    """Headers of the messages of one session, derived from its earlier messages."""

    def __init__(self) -> None:
        self._version = ""
        self._initializing: int | None = None
        self._listing: Final[dict[int, bool]] = {}
        self._arguments: Final[dict[str, dict[tuple[str, ...], str]]] = {}

    def outgoing(self, message: Mapping[str, Any]) -> dict[str, str]:
        """Return the headers of an outgoing message."""
        method = as_text(message.get("method"))
        if method is None:  # an answer to a request of the server: the SDK adds the version itself
            return {}
        params = as_object(message.get("params")) or {}
        number = message.get("id")
        if method == INITIALIZE:
            self._initializing = number
            return {}
        version = as_text((as_object(params.get("_meta")) or {}).get(PROTOCOL_VERSION_KEY))
        if version is None:
            return {MCP_PROTOCOL_VERSION_HEADER: self._version} if self._version else {}
        if method == _TOOLS_LIST and number is not None:
            self._listing[number] = "cursor" not in params
        return {MCP_PROTOCOL_VERSION_HEADER: version, MCP_METHOD_HEADER: method, **self._named(method, params)}

    def incoming(self, number: int | None, message: dict[str, Any]) -> None:
        """Process an answer; tools with invalid headers are removed, as the specification requires."""
        result = as_object(message.get("result")) or {}
        if number is not None and number == self._initializing:
            self._version = as_text(result.get("protocolVersion")) or ""
        is_first_page = self._listing.pop(number, None) if number is not None else None
        listed = as_array(result.get("tools"))
        if is_first_page is None or listed is None:
            return
        if is_first_page:
            self._arguments.clear()
        message["result"] = {**result, "tools": [tool for tool in listed if self._is_usable(tool)]}

    def _named(self, method: str, params: Mapping[str, Any]) -> dict[str, str]:
        key = NAME_BEARING_METHODS.get(method)
        name = as_text(params.get(key)) if key is not None else None
        if name is None:
            return {}
        headers = {MCP_NAME_HEADER: encode_header_value(name)}
        arguments = self._arguments.get(name) if method == "tools/call" else None
        if arguments:
            headers |= mcp_param_headers(arguments, as_object(params.get("arguments")) or {})
        return headers

    def _is_usable(self, tool: Any) -> bool:
        fields = as_object(tool) or {}
        name, schema = as_text(fields.get("name")), fields.get("inputSchema")
        if name is None:
            return True  # reported by the reader of the list
        if (reason := find_invalid_x_mcp_header(schema)) is not None:
            _logger.warning("tool %r is left out: it wants headers that cannot be sent (%s)", name, reason)
            return False
        if arguments := x_mcp_header_map(schema):
            self._arguments[name] = arguments
        return True
