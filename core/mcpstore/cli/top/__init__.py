"""`mcpstore top`: the services of a store, live."""
