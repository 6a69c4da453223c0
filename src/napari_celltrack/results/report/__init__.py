"""``report.html``: all results of a run on one page."""

from __future__ import annotations

from napari_celltrack.results.report.page import write_report

__all__ = ["write_report"]
