"""The demonstration `mcpstore demo`: MCPStore manages three small servers."""
