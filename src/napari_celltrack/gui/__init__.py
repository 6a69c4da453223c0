"""The docks in napari; the only part of the package that needs napari and Qt."""
