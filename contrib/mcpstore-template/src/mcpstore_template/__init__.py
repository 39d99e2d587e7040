"""Examples of what a plugin of each family looks like; `mcpstore plugins new` copies one of them."""
