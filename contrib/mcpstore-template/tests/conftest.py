"""What the tests may use."""

pytest_plugins = ["mcpstore.testing.fixtures"]
