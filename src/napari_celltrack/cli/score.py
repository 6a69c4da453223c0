"""What ``celltrack score`` prints."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from napari_celltrack.analysis import CtcScore

#: How many wrong links are shown; JSON has them all.
MAX_WRONG_LINKS = 50


def score_texts(score: CtcScore) -> Iterator[str | Table]:
    """Yield what there is to print: the measures, a table, and the wrong links."""
    if score.measures is not None:
        for name in ("det", "seg", "tra", "lnk"):
            value = getattr(score.measures, name)
            yield f"{name.upper()} {'–' if value is None else f'{value:.4f}'}"
        if score.seg_truth == "TRA":
            yield "SEG is against the tracking masks, as there is no folder SEG."
    yield _table(score)
    wrong = score.wrong_links
    if len(wrong):
        yield "Wrong links (labels and positions of the truth where missed):"
    for row in wrong.head(MAX_WRONG_LINKS).itertuples():
        yield (
            f"{row.kind:6}  frame {row.from_frame} label {row.from_label} "
            f"(y {row.from_y_px:.1f}, x {row.from_x_px:.1f}) -> frame {row.to_frame} label "
            f"{row.to_label} (y {row.to_y_px:.1f}, x {row.to_x_px:.1f})"
        )
    if len(wrong) > MAX_WRONG_LINKS:
        yield f"and {len(wrong) - MAX_WRONG_LINKS} more; --json lists all."


def _table(score: CtcScore) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("", "F1", "precision", "recall", "right", "false", "missed"):
        table.add_column(name, justify="right" if name else "left")
    for name in ("cells", "links", "divisions"):
        f1 = getattr(score, name)
        counts = (f1.true_positives, f1.false_positives, f1.false_negatives)
        values = (f1.value, f1.precision, f1.recall)
        table.add_row(name, *(f"{value:.4f}" for value in values), *map(str, counts))
    return table
