"""Requirements on a persistence backend."""

from __future__ import annotations

from mcpstore.testing.suites.persistence.editing import EditingChecks
from mcpstore.testing.suites.persistence.reading import ReadingChecks
from mcpstore.testing.suites.persistence.sharing import SharingChecks

__all__ = ["PersistenceSuite"]


class PersistenceSuite(ReadingChecks, EditingChecks, SharingChecks):
    """Checks of a persistence backend.

    Example:
        ::

            class TestRedis(PersistenceSuite):
                plugin = mcpstore_redis
                name = "redis"
                lacks = {"secrets": "its locations contain none"}

                def location(self):
                    return f"redis://127.0.0.1:6379/{self.folder.name}"

                async def corrupt(self, location):
                    await client.set(location, "{not json")
    """
