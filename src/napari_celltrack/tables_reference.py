"""What every column of every table is, in words, made from the tables' own declarations.

The reference page of the docs is ``python -m napari_celltrack.tables_reference > docs/tables.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from napari_celltrack.settings import unit_of
from napari_celltrack.tables import (
    COUNT_COLUMNS,
    DRIFT_COLUMNS,
    ENSEMBLE_MSD_COLUMNS,
    EVENT_COLUMNS,
    INTENSITY_MEANINGS,
    MEANINGS,
    MSD_COLUMNS,
    OBJECT_COLUMNS,
    PEAK_COLUMNS,
    RING_PX2,
    STEP_COLUMNS,
    TRACE_COLUMNS,
    TRACK_COLUMNS,
)

Columns = Mapping[str, Any]

#: Each table: its title, what a row is, which files hold it, and its columns.
_TABLES: tuple[tuple[str, str, str, Columns], ...] = (
    (
        "objects",
        "One row per cell and frame, sorted by frame, then label.",
        "`objects.csv` of a result, with the name of the movie as its first column, `file`.",
        OBJECT_COLUMNS,
    ),
    (
        "tracks",
        "One row per track, sorted by track id.",
        "`tracks.csv` of a result; over all files of a run beside `summary.csv`, with `file` and "
        "the conditions as first columns.",
        TRACK_COLUMNS,
    ),
    (
        "counts",
        "One row per frame, also for frames without cells.",
        "`counts.csv` of a result; over all files of a run beside `summary.csv`, as tracks.",
        COUNT_COLUMNS,
    ),
    (
        "events",
        "One row per place where tracking may have failed, the most severe first.",
        "`events.csv` of a result.",
        EVENT_COLUMNS,
    ),
    (
        "drift",
        "One row per frame: the common motion that was subtracted before linking.",
        "`drift.csv` of a result.",
        DRIFT_COLUMNS,
    ),
    (
        "steps",
        "One row per track and frame: how the cell moved since its last detection.",
        "`plots/steps.csv` of a run with `--plots`, or `celltrack plot -k steps -o steps.csv`.",
        STEP_COLUMNS,
    ),
    (
        "msd",
        "One row per track and lag.",
        "`plots/msd.csv`, or `celltrack plot -k msd -o msd.csv`.",
        MSD_COLUMNS,
    ),
    (
        "ensemble msd",
        "One row per lag, over all tracks.",
        "`napari_celltrack.analysis.ensemble_msd` in Python.",
        ENSEMBLE_MSD_COLUMNS,
    ),
    (
        "traces",
        "One row per track and frame from its first to its last detection, also for gaps.",
        "`plots/traces.csv`, or `celltrack plot -k traces -o traces.csv`.",
        TRACE_COLUMNS,
    ),
    (
        "peaks",
        "One row per peak of a trace.",
        "`plots/peaks.csv`, or `celltrack plot -k peaks -o peaks.csv`.",
        PEAK_COLUMNS,
    ),
)
_HEAD = "| column | unit | type | meaning |\n| --- | --- | --- | --- |"


def tables_page() -> str:
    """Return the reference of all tables as Markdown."""
    parts = [
        "# Tables",
        "Every column of every table, made from the code (`python -m "
        "napari_celltrack.tables_reference`). Lengths are always given in px, and in µm where the "
        "movie is calibrated; columns whose calibration is unknown are empty. The export "
        "`tables_parquet` writes the same tables as `.parquet`.",
    ]
    for title, row, files, columns in _TABLES:
        parts.append(f"## {title}\n\n{row}\n\nIn {files}")
        parts.append("\n".join([_HEAD, *_rows(columns)]))
        if columns is OBJECT_COLUMNS:
            parts.append(_intensities())
    return "\n\n".join(parts) + "\n"


def _rows(columns: Columns) -> Iterator[str]:
    for name, dtype in columns.items():
        type_name = "text" if dtype == "str" else np.dtype(dtype).name
        yield f"| `{name}` | {unit_of(name)} | {type_name} | {MEANINGS[name]} |"


def _intensities() -> str:
    rows = [
        f"| `<channel>_{name}` | | float64 | {text} |" for name, text in INTENSITY_MEANINGS.items()
    ]
    ring = f"| `{RING_PX2}` | px² | float64 | {MEANINGS[RING_PX2]} |"
    text = (
        "Then, for each channel that is measured, in grey values of the file. A channel without a "
        "name is `ch0`, `ch1` and so on; another file has its name before the channel."
    )
    return f"{text}\n\n{_HEAD}\n" + "\n".join([*rows, ring])


if __name__ == "__main__":
    sys.stdout.write(tables_page())
