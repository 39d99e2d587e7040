"""For tests: of your plugins, of programs that use a store, and our own.

* `mcpstore.testing.fixtures`: fixtures for pytest, with `pytest_plugins = ["mcpstore.testing.fixtures"]` in a conftest
* `mcpstore.testing.suites`: what a plugin of each family must be able to do, as test classes to derive from
* `mcpstore.testing.faults`: servers that misbehave as they are told; `mcpstore.testing.reference` is behind them
* `mcpstore.testing.scripted`: a transport whose services do what a test says
* `mcpstore.testing.loop`: an event loop and a clock on which hours take milliseconds

Nothing is imported here: fault servers have to start in milliseconds. Fixtures and suites need pytest, which comes with
`pip install 'mcpstore-manager[testing]'`.
"""
