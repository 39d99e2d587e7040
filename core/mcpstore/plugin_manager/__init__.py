"""Finding plugins, keeping them apart, asking them. The only part that knows stevedore and pluggy."""

from mcpstore.plugin_manager.cache import PluginIndex
from mcpstore.plugin_manager.info import PluginInfo, PluginStatus
from mcpstore.plugin_manager.manager import PluginManager

__all__ = ["PluginIndex", "PluginInfo", "PluginManager", "PluginStatus"]
