"""Allowed network addresses of a service. Pure functions, without name resolution and sockets."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

__all__ = ["ANY", "PUBLIC", "allows", "read_addresses"]

ANY: Final = "any"
"""Keyword for all addresses."""

PUBLIC: Final = "public"
"""Keyword for public internet addresses, without this machine and private networks."""

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network

_RESERVED: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; contains the metadata service of a cloud
        "127.0.0.0/8",
        "168.63.129.16/32",  # platform address of a cloud, although it looks public
        "169.254.0.0/16",  # link-local; contains the metadata services of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; contains the metadata service of a cloud
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # measurements
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
"""Networks that are not public. `is_global` is not used, because its results change with the release of Python."""

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_RESERVED_6: Final = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, with Teredo, which embeds another address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which embeds another address
        "3fff::/20",  # documentation
    )
)

_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
_TUNNELLED: Final = (0x5EFE, 0x0200_5EFE)
"""Interface identifiers of ISATAP, whose addresses embed an IPv4 address."""


def read_addresses(given: Any) -> tuple[str, ...] | None:
    """Return the allowed addresses of a service: `public`, and networks; None if all are allowed.

    Args:
        given: `"any"`, `"public"`, an address, a network such as `"10.0.0.0/8"`, or a list of the last three.

    Raises:
        ValueError: The value is none of these.
    """
    if given is None or given == ANY:
        return None
    items: Sequence[Any] = [given] if isinstance(given, str) else given
    if not isinstance(items, (list, tuple)) or not items:
        raise ValueError('must be "any", "public", a network such as "10.0.0.0/8", or a list of "public" and networks')
    return tuple(dict.fromkeys(_read(item) for item in items))


def allows(addresses: Sequence[str], address: str) -> bool:
    """Whether an address is allowed.

    Args:
        addresses: Result of `read_addresses`.
        address: The address, with or without a zone (`%eth0`).
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    effective = _embedded(parsed)
    return any(_is_public(effective) if item == PUBLIC else effective in ip_network(item) for item in addresses)


def _read(item: Any) -> str:
    if item == PUBLIC:
        return PUBLIC
    try:
        return str(ip_network(item if isinstance(item, str) else ""))
    except ValueError:
        raise ValueError(f'{item!r} is neither "public" nor an address nor a network such as "10.0.0.0/8"') from None


def _embedded(address: _Address) -> _Address:
    """Return the IPv4 address in a mapped or translated IPv6 address; any other address is returned unchanged."""
    if isinstance(address, IPv6Address) and (address in _MAPPED or address in _TRANSLATED):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_public(address: _Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _RESERVED)
    if address not in _GLOBAL_UNICAST or any(address in network for network in _RESERVED_6):
        return False
    return int(address) >> 32 & 0xFFFF_FFFF not in _TUNNELLED
