"""The plugins that come with MCPStore; they enter by the same door as everybody else's."""
