"""The doors into the MCP SDK: its streams, and the headers it sets. Loading any of them loads the SDK."""
