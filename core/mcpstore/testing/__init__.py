"""Tools for tests of plugins and of programs that use a store.

* `mcpstore.testing.fixtures`: fixtures for pytest, with `pytest_plugins = ["mcpstore.testing.fixtures"]` in a conftest
* `mcpstore.testing.suites`: the requirements on each kind of plugin, as test classes to derive from
* `mcpstore.testing.faults`: servers with faults on request, based on `mcpstore.testing.reference`
* `mcpstore.testing.scripted`: a transport whose services follow a script
* `mcpstore.testing.loop`: an event loop and a clock in virtual time: hours take milliseconds

This package imports nothing: fault servers must start in milliseconds. Fixtures and suites need pytest; install it with
`pip install 'mcpstore-manager[testing]'`.
"""
