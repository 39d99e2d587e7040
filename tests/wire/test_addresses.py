"""Public addresses, and the setting for allowed addresses."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mcpstore.wire.http.addresses import PUBLIC, allows, read_addresses
from mcpstore.wire.http.settings import HttpSettings

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "127.0.0.1%lo",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "2002:808:808::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "2a00:1450:4001::5efe:7f00:1",
    "2a00:1450:4001:0:200:5efe:10.0.0.1",
    "4000::1",
]

EVERYBODYS = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "168.63.129.15",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "192.167.255.255",
    "192.169.0.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:82b::200e",
    "2003::1",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_loopback_and_private_addresses_are_not_public(address):
    assert not allows((PUBLIC,), address)


@pytest.mark.parametrize("address", EVERYBODYS)
def test_internet_addresses_are_public(address):
    assert allows((PUBLIC,), address)


@pytest.mark.parametrize("address", ["", "localhost", "1.2.3", "0x7f000001", "2130706433", "8.8.8.8/32", "::1::"])
def test_text_that_is_not_an_address_is_not_allowed(address):
    assert not allows((PUBLIC, "0.0.0.0/0", "::/0"), address)


@pytest.mark.parametrize(
    ("addresses", "address", "is_allowed"),
    [
        (["10.1.0.0/16"], "10.1.2.3", True),
        (["10.1.0.0/16"], "10.2.2.3", False),
        (["10.1.0.0/16"], "8.8.8.8", False),
        (["10.1.0.0/16"], "::ffff:10.1.2.3", True),
        (["10.1.0.0/16"], "64:ff9b::10.1.2.3", True),
        (["public", "10.1.0.0/16"], "8.8.8.8", True),
        (["public", "10.1.0.0/16"], "10.1.0.1", True),
        (["public", "10.1.0.0/16"], "127.0.0.1", False),
        (["127.0.0.1"], "127.0.0.1", True),
        (["127.0.0.1"], "127.0.0.2", False),
        (["fd00::/8"], "fd12::1", True),
        (["::/0"], "::ffff:127.0.0.1", False),
        ("127.0.0.0/8", "127.1.1.1", True),
    ],
)
def test_networks_can_be_allowed_one_by_one(addresses, address, is_allowed):
    assert allows(read_addresses(addresses), address) is is_allowed


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, None),
        ("any", None),
        ("public", ("public",)),
        ("10.0.0.0/8", ("10.0.0.0/8",)),
        (["public", "10.0.0.7", "public"], ("public", "10.0.0.7/32")),
    ],
)
def test_allowed_addresses_are_parsed(given, read):
    assert HttpSettings.model_validate({"url": "https://host/mcp", "addresses": given}).addresses == read


@pytest.mark.parametrize(
    "given", ["private", "", [], {}, 7, True, ["any"], ["public", 7], ["10.0.0.1/8"], ["localhost"], [["public"]]]
)
def test_invalid_allowed_addresses_are_refused(given):
    with pytest.raises(ValidationError, match=r"public.*10\.0\.0\.0/8"):
        HttpSettings.model_validate({"url": "https://host/mcp", "addresses": given})
