"""Environment variables of a service."""

from __future__ import annotations

import pytest

from mcpstore_plugins.stdio.environment import MARKER, child_environment, inherited, search_path, secrets
from mcpstore_plugins.stdio.settings import StdioSettings

PARENT = {
    "HOME": "/home/u",
    "LOGNAME": "u",
    "PATH": "/bin",
    "SHELL": "/bin/sh",
    "TERM": "xterm",
    "USER": "u",
    "LANG": "C.UTF-8",
    "LC_ALL": "C",
    "TZ": "UTC",
    "TMPDIR": "/tmp/x",
    "XDG_CONFIG_HOME": "/c",
    "XDG_SESSION_TOKEN": "never",
    "https_proxy": "http://u:p@proxy",
    "NO_PROXY": "localhost",
    "NODE_EXTRA_CA_CERTS": "/ca.pem",
    "SSL_CERT_FILE": "/ca.pem",
    "UV_INDEX_URL": "https://u:p@index",
    "UV_PUBLISH_TOKEN": "never",
    "PIP_INDEX_URL": "https://index",
    "npm_config_registry": "https://registry",
    "NPM_CONFIG__AUTHTOKEN": "never",
    "DOCKER_HOST": "unix:///run/docker.sock",
    "OPENAI_API_KEY": "never",
    "GITHUB_TOKEN": "never",
    "LD_PRELOAD": "never",
    "PYTHONPATH": "never",
    "LC_FUNC": "() { echo; }",
}
MINIMAL = {"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"}
DEFAULT = MINIMAL | {
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "https_proxy",
    "NO_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
}


def names(command: str, inherit_env: str) -> set[str]:
    return set(inherited(StdioSettings.model_validate({"command": command, "inherit_env": inherit_env}), PARENT))


def test_minimal_contains_the_variables_that_the_sdks_pass_on():
    assert names("npx", "minimal") == MINIMAL


def test_default_adds_locale_folders_proxies_and_certificates_but_no_secret_name():
    assert names("python", "default") == DEFAULT


@pytest.mark.parametrize("command", ["npx", "uvx", "/opt/bin/uv"])
def test_launchers_receive_the_variables_of_package_indexes(command: str):
    assert names(command, "default") == DEFAULT | {"UV_INDEX_URL", "PIP_INDEX_URL", "npm_config_registry"}


def test_container_clients_receive_the_variables_of_their_engine():
    assert names("docker", "default") == DEFAULT | {"DOCKER_HOST"}


def test_all_contains_every_variable():
    assert names("python", "all") == set(PARENT)


def test_configured_variables_have_precedence_null_removes_and_the_marker_overrides_all():
    settings = StdioSettings(command="x", inherit_env="minimal")
    configured = {"PATH": "/mine", "HOME": None, "NEW": "1", "NEVER": None, MARKER: "forged"}
    assert child_environment(settings, configured, parent=PARENT, marker="m") == {
        "LOGNAME": "u",
        "PATH": "/mine",
        "SHELL": "/bin/sh",
        "TERM": "xterm",
        "USER": "u",
        "NEW": "1",
        MARKER: "m",
    }


def test_a_missing_or_empty_path_is_replaced_by_the_default_of_the_system():
    assert search_path({}) == search_path({"PATH": ""}) == "/bin:/usr/bin"
    assert search_path({"PATH": "/x"}) == "/x"


def test_values_are_secret_except_plain_words_and_paths_under_a_harmless_name():
    variables = {
        "LOG_LEVEL": "WARNING",
        "DATA": "/srv/data dir/x.db",
        "HERE": "~/x",
        "API_KEY": "password",
        "DB_PASSWORD": "/etc/x",
        "OTHER": "ghp_0123456789",
        "URL": "https://u:p@h",
        "GONE": None,
    }
    assert secrets(variables.items()) == ["password", "/etc/x", "ghp_0123456789", "https://u:p@h"]
