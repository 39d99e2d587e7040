"""The version of the distribution, read by the build and by `mcpstore.__version__`."""

__version__ = "0.1.0"
