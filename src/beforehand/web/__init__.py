"""Page furniture: layout, components, form widgets. Knows nothing of the domain."""
