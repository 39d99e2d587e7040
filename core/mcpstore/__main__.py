"""`python -m mcpstore` is the `mcpstore` command."""

from mcpstore.cli import main

main()
