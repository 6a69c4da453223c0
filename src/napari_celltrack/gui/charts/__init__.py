"""Small charts of the docks, drawn by Qt."""
