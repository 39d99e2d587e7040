"""Discovery, isolation and calls of plugins. The only package that uses stevedore and pluggy."""

from mcpstore.plugin_manager.cache import PluginCache
from mcpstore.plugin_manager.info import PluginInfo, PluginStatus
from mcpstore.plugin_manager.manager import PluginManager

__all__ = ["PluginCache", "PluginInfo", "PluginManager", "PluginStatus"]
