"""Finding plugins, keeping them apart, asking them. The only part that knows stevedore and pluggy."""

from mcpstore.plugin_manager.cache import PluginCache
from mcpstore.plugin_manager.info import PluginInfo, PluginStatus
from mcpstore.plugin_manager.manager import PluginManager

__all__ = ["PluginCache", "PluginInfo", "PluginManager", "PluginStatus"]
