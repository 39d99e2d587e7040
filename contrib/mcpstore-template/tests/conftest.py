"""Fixtures for every test here.

`open_store` opens stores in virtual time, `scripted` has services that do what a test says, `load_plugins` loads
plugins as the manager does, `clock` is the time.
"""

pytest_plugins = ["mcpstore.testing.fixtures"]
