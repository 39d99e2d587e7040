"""Example plugins, one of each family; `mcpstore plugins new` copies one of them."""
