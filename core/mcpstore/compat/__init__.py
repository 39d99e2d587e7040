"""Classes that the specification names, on top of the verbs of a store; imported from the paths it promises.

Programs import them from `mcpstore.states`, `mcpstore.dependencies`, `mcpstore.recovery` and `mcpstore.monitoring`. No
other part of MCPStore depends on this package.
"""
