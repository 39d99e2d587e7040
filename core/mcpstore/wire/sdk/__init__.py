"""Adapters to the MCP SDK: its streams, and its HTTP headers. Importing any of them imports the SDK."""
