"""Environment variables of a service.

========== ==========================================================================================================
`minimal`  HOME, LOGNAME, PATH, SHELL, TERM, USER: what the MCP SDKs pass on
`default`  those, and locale, time zone, TMPDIR, XDG_*, proxies and certificate settings; package launchers (npx, uvx …)
           also get package indexes and caches, container clients the variables of their engine
`all`      all variables of the manager, tokens and keys included
========== ==========================================================================================================

Then come the variables of `env` (the store has added those of an `envFile`), then the marker of the connection.

`default` consists of lists of names, so that no token, key or password is passed on by accident. Two kinds of settings
may hold credentials inside a URL and are passed on unchanged. Proxies: a service without their credentials reaches no
network. Package indexes: a launcher that silently fell back to the public index could install a foreign package of the
same name, which is worse than its knowing the password of an index that it uses anyway. Only launchers get these.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from mcpstore_plugins.stdio.launchers import fetches_images, fetches_packages

if TYPE_CHECKING:
    from mcpstore_plugins.stdio.settings import StdioSettings

__all__ = ["MARKER", "child_environment", "container_engine_variables", "inherited", "search_path", "secrets"]

MARKER: Final = "MCPSTORE_MARKER"
"""Variable that identifies all processes of a service, also those that changed their parent or process group."""

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
_PLAIN_VALUE: Final = re.compile(r"[A-Za-z]{1,12}|[~/.][\w./@ +-]*")


def child_environment(
    settings: StdioSettings, configured: Mapping[str, str | None], *, parent: Mapping[str, str], marker: str
) -> dict[str, str]:
    """Return the complete environment of a service.

    Args:
        settings: Settings of the service.
        configured: The variables of `env`; None removes a variable.
        parent: Environment of the manager.
        marker: Marker of the connection.
    """
    variables = {**inherited(settings, parent), **configured, MARKER: marker}
    return {name: value for name, value in variables.items() if value is not None}


def inherited(settings: StdioSettings, parent: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a service inherits from the manager."""
    if settings.inherit_env == "all":
        return dict(parent)
    if settings.inherit_env == "minimal":
        return {name: value for name, value in parent.items() if name in _MINIMAL}
    names = _DEFAULT
    folded = _PROXIES  # programs read the settings of proxies and npm in upper and lower case
    if fetches_packages(settings.command):
        names, folded = names | _PACKAGES, folded | _NPM
    elif fetches_images(settings.command):
        names = names | _IMAGES
    return {
        name: value
        for name, value in parent.items()
        if (name in names or name.upper() in folded or name.startswith(_DEFAULT_PREFIXES))
        and not _CREDENTIAL.search(name)
        and not value.startswith("()")  # an exported shell function of bash, which a shell would run
    }


def container_engine_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that select the container engine; none of them is a secret."""
    return {name: value for name, value in variables.items() if name in _IMAGES}


def secrets(variables: Iterable[tuple[str, str | None]]) -> list[str]:
    """Return the values that are masked in the output of a service.

    Every configured value may be a secret. Plain words and paths under names that do not suggest a secret are not
    masked: "no such file: ***" would not explain a failure.
    """
    return [
        value
        for name, value in variables
        if value is not None and (_CREDENTIAL.search(name) or not _PLAIN_VALUE.fullmatch(value))
    ]


def search_path(variables: Mapping[str, str]) -> str:
    """Return the PATH in which the command of a service is looked up."""
    return variables.get("PATH") or os.defpath
