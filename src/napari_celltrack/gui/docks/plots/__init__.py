"""Plots in docks, linked with the viewer both ways."""
