"""Forms made from the fields of a Settings class."""
