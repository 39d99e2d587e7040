"""`mcpstore top`: live view of the services of a store."""
