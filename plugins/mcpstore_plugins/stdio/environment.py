"""Which variables a service is given.

========== ==========================================================================================================
`minimal`  HOME, LOGNAME, PATH, SHELL, TERM, USER: what the MCP SDKs pass on
`default`  those, and locale, time zone, TMPDIR, XDG_*, proxies and certificate settings; package launchers (npx, uvx …)
           are also told about indexes and caches, container tools about their engine
`all`      everything the manager has, tokens and keys included
========== ==========================================================================================================

Then come the variables of `env` (the store has put those of an `envFile` there), then the marker of the connection.

`default` works from lists of names, so no token, key or password is passed on by accident. Two kinds of settings may
hold credentials inside a URL, and are passed on as they are. Proxies: without their credentials nothing gets out.
Package indexes: a launcher that silently fell back to the public index could fetch a stranger's package of the same
name, which is worse than its knowing the password of an index it is to use anyway. Only launchers are told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from mcpstore_plugins.stdio.launchers import fetches_images, fetches_packages

if TYPE_CHECKING:
    from mcpstore_plugins.stdio.settings import StdioSettings

__all__ = ["MARKER", "child_environment", "engine_of", "inherited", "search_path", "secrets"]

MARKER: Final = "MCPSTORE_MARKER"
"""The variable by which everything a service started is found, whatever it did to its parents and groups."""

_MINIMAL: Final = frozenset({"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"})
_PROXIES: Final = frozenset({"ALL_PROXY", "FTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})
_CERTIFICATES: Final = frozenset(
    {
        "AWS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "GIT_SSL_CAINFO",
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
        "NODE_EXTRA_CA_CERTS",
        "NODE_USE_ENV_PROXY",
        "NODE_USE_SYSTEM_CA",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
    }
)
_DEFAULT: Final = _MINIMAL | _CERTIFICATES | {"LANG", "LANGUAGE", "TMPDIR", "TZ"}
_DEFAULT_PREFIXES: Final = ("LC_", "XDG_")
_PACKAGES: Final = frozenset(
    {
        "BUN_CONFIG_REGISTRY",
        "COREPACK_NPM_REGISTRY",
        "PIP_CACHE_DIR",
        "PIP_CERT",
        "PIP_CONFIG_FILE",
        "PIP_EXTRA_INDEX_URL",
        "PIP_INDEX_URL",
        "PIP_PROXY",
        "PIP_TRUSTED_HOST",
        "UV_CACHE_DIR",
        "UV_CONFIG_FILE",
        "UV_DEFAULT_INDEX",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_INDEX",
        "UV_INDEX_STRATEGY",
        "UV_INDEX_URL",
        "UV_INSECURE_HOST",
        "UV_NATIVE_TLS",
        "UV_OFFLINE",
        "UV_PYTHON_INSTALL_DIR",
        "UV_PYTHON_INSTALL_MIRROR",
        "UV_SYSTEM_CERTS",
        "UV_TOOL_DIR",
        "YARN_NPM_REGISTRY_SERVER",
    }
)
_NPM: Final = frozenset(
    {
        "NPM_CONFIG_CA",
        "NPM_CONFIG_CACHE",
        "NPM_CONFIG_CAFILE",
        "NPM_CONFIG_GLOBALCONFIG",
        "NPM_CONFIG_HTTPS_PROXY",
        "NPM_CONFIG_NOPROXY",
        "NPM_CONFIG_OFFLINE",
        "NPM_CONFIG_PREFER_OFFLINE",
        "NPM_CONFIG_PREFIX",
        "NPM_CONFIG_PROXY",
        "NPM_CONFIG_REGISTRY",
        "NPM_CONFIG_STRICT_SSL",
        "NPM_CONFIG_USERCONFIG",
    }
)
_IMAGES: Final = frozenset(
    {
        "CONTAINER_HOST",
        "DOCKER_API_VERSION",
        "DOCKER_CERT_PATH",
        "DOCKER_CONFIG",
        "DOCKER_CONTEXT",
        "DOCKER_DEFAULT_PLATFORM",
        "DOCKER_HOST",
        "DOCKER_TLS_VERIFY",
    }
)
_CREDENTIAL: Final = re.compile(r"TOKEN|(^|_)KEY($|_)|SECRET|PASSW|CREDENTIAL|AUTH", re.IGNORECASE)
_ORDINARY: Final = re.compile(r"[A-Za-z]{1,12}|[~/.][\w./@ +-]*")


def child_environment(
    settings: StdioSettings, configured: Mapping[str, str | None], *, parent: Mapping[str, str], marker: str
) -> dict[str, str]:
    """Return the whole environment of a service.

    Args:
        settings: What its configuration says.
        configured: The variables of `env`; None takes one away.
        parent: The environment of the manager.
        marker: Identity of the connection.
    """
    variables = {**inherited(settings, parent), **configured, MARKER: marker}
    return {name: value for name, value in variables.items() if value is not None}


def inherited(settings: StdioSettings, parent: Mapping[str, str]) -> dict[str, str]:
    """Return what a service gets from the manager's own environment."""
    if settings.inherit_env == "all":
        return dict(parent)
    if settings.inherit_env == "minimal":
        return {name: value for name, value in parent.items() if name in _MINIMAL}
    names = _DEFAULT
    folded = _PROXIES  # proxies and npm's settings are looked up in both cases by the programs themselves
    if fetches_packages(settings.command):
        names, folded = names | _PACKAGES, folded | _NPM
    elif fetches_images(settings.command):
        names = names | _IMAGES
    return {
        name: value
        for name, value in parent.items()
        if (name in names or name.upper() in folded or name.startswith(_DEFAULT_PREFIXES))
        and not _CREDENTIAL.search(name)
        and not value.startswith("()")  # a shell function that bash exported, which a shell would run
    }


def engine_of(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that say which container engine is asked; none of them is a secret."""
    return {name: value for name, value in variables.items() if name in _IMAGES}


def secrets(variables: Iterable[tuple[str, str | None]]) -> list[str]:
    """Return the values that must not appear in what a service writes.

    Every configured value may be a secret; plain words and paths under names that do not sound secret are left alone,
    because masking them would make "no such file: ***" out of the one line that explains the trouble.
    """
    return [
        value
        for name, value in variables
        if value is not None and (_CREDENTIAL.search(name) or not _ORDINARY.fullmatch(value))
    ]


def search_path(variables: Mapping[str, str]) -> str:
    """Return the PATH by which the command of a service is found."""
    return variables.get("PATH") or os.defpath
