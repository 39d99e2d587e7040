"""The `mcpstore` command."""

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    from mcpstore.cli.app import run  # noqa: PLC0415 - so that importing the package costs nothing

    run()
