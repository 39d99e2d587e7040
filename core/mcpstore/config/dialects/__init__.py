"""Dialects of MCP client configurations: their definitions, their sections in a file, their detection."""
