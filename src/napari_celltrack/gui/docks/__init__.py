"""The docks, and what each is put together from."""
