"""The only folder that adds, updates or removes layers of a viewer."""
