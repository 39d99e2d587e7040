"""Built-in plugins of MCPStore; they use the same hooks as third-party plugins."""
