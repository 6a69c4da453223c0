"""Whether a result deserves a look: a light and its reasons, from its own tables.

No truth is known of a result, so a light says how much of it is doubtful and not how much is
wrong. All limits stand here, and each has its reason beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from napari_celltrack.tables import (
    END_FRAME,
    FRAME,
    KIND,
    N_CELLS,
    N_FRAMES,
    REASON,
    SEVERITY,
    START_FRAME,
    TRACK_ID,
)
from napari_celltrack.text import plural

Light = Literal["green", "amber", "red"]
_LIGHTS: tuple[Light, ...] = get_args(Light)


@dataclass(frozen=True)
class ResultHealth:
    """How far a result can be trusted without a look.

    Parameters
    ----------
    light : {"green", "amber", "red"}
        Green where nothing stands out, amber where a look is worth it, red where numbers are not
        to be used before one.
    reasons : tuple of str
        Why, the gravest first; empty for green.
    """

    light: Light
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Finding:
    light: Light
    reason: str


@dataclass(frozen=True)
class Limits:
    """From which share on something is amber, and from which red.

    Parameters
    ----------
    amber, red : float
        Shares from 0 to 1; above 1 for never.
    """

    amber: float
    red: float

    def light(self, share: float) -> Light:
        """Return the light of a share."""
        if share >= self.red:
            return "red"
        return "amber" if share >= self.amber else "green"


#: Tracks that begin or end inside the field while the movie runs. Cells do die, and come up from
#: below; a tenth of the tracks changes a mean little. With four in ten most cells that are followed
#: for long are in pieces, and what is told per track (speed, way, lineage) is told of pieces.
BROKEN = Limits(0.10, 0.40)
#: Links that could nearly as well have gone to another cell: as a rule half of those are wrong, and
#: one wrong link spoils a track of some twenty, so that 2 % are felt in a fifth of the tracks.
DOUBTFUL = Limits(0.02, 0.10)
#: Links where masks merge or split: from there on a mask holds two cells, and counts are wrong too.
#: A share of the links and not of the tracks, of which in a long movie most meet another cell once.
#: Where a shared mask lasts for some five frames, 1 % makes counts wrong by 5 %.
MERGED = Limits(0.01, 0.05)
#: Tracks with a gap. Gaps are bridged rightly for the most part, and their steps are left out.
GAPS = Limits(0.20, 1.01)
#: Links that are jumps, of several times the usual step: a mask or a link that is likely wrong. Of
#: the links for the same reason. Real cells jump when they divide: in films of dividing nuclei that
#: are followed well, 1 % to 2 % of the links are jumps.
JUMPS = Limits(0.02, 0.10)
#: Tracks of so few frames that they are rather specks than cells.
SHORT = Limits(0.15, 0.50)
#: Frames without cells among frames with cells: light that failed, or focus that was lost. One is
#: worth a look; from a third on too little is left to follow cells over.
EMPTY = Limits(1e-9, 1 / 3)
#: Change of the count from a frame to the next, against the larger of the two, that no division
#: or death explains; below :data:`_FEW` cells single cells make such changes.
SUDDEN_COUNT, _FEW = 0.4, 8
#: Events that are less severe are explained, such as by the border of the field.
_EXPLAINED = 0.25


def health_of_result(
    counts: pd.DataFrame,
    events: pd.DataFrame,
    tracks: pd.DataFrame,
    warnings: Iterable[str] = (),
) -> ResultHealth:
    """Judge one result by its tables.

    Parameters
    ----------
    counts : DataFrame
        With `frame`, `n_cells`; a still has one row, and nothing is said of its tracks.
    events : DataFrame
        With `frame`, `track_id`, `kind`, `severity`, `reason`.
    tracks : DataFrame
        With `track_id`, `n_frames`, and `start_frame`, `end_frame`.
    warnings : iterable of str
        What the run warned of; each is a reason for amber.

    Returns
    -------
    ResultHealth
    """
    findings = [*_of_counts(counts)]
    is_followed = len(counts) > 1 and len(tracks) > 0
    if is_followed:
        findings += _of_tracks(events, tracks)
    findings += [_Finding("amber", warning) for warning in warnings]
    findings = [finding for finding in findings if finding.light != "green"]
    if not findings:
        return ResultHealth("green")
    findings.sort(key=lambda finding: -_LIGHTS.index(finding.light))
    return ResultHealth(findings[0].light, tuple(finding.reason for finding in findings))


def health_of_failure(error: str) -> ResultHealth:
    """Return the red light of a file without a result."""
    return ResultHealth("red", (error or "It failed and does not say why; run it again.",))


def in_ranges(frames: Sequence[int], step: int = 1) -> str:
    """Write frames as a person would: `frame 3`, `frames 3–5 and 9`.

    Parameters
    ----------
    frames : sequence of int
        Rising.
    step : int
        Distance of frames that follow each other.
    """
    groups: list[list[int]] = []
    for frame in frames:
        if groups and frame - groups[-1][-1] == step:
            groups[-1].append(frame)
        else:
            groups.append([frame])
    words = [f"{g[0]}–{g[-1]}" if len(g) > 1 else f"{g[0]}" for g in groups]
    if len(words) > 4:
        words = [*words[:3], f"{len(words) - 3} more places"]
    noun = "frames" if len(frames) > 1 else "frame"
    listed = " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
    return f"{noun} {listed}"


def _of_counts(counts: pd.DataFrame) -> Iterator[_Finding]:
    n_cells = counts[N_CELLS].to_numpy(np.float64)
    frames = counts[FRAME].to_numpy(np.int64)
    if not n_cells.any():
        yield _Finding("red", "No cells were found." if len(n_cells) < 2 else _NO_CELLS)
        return
    step = int(np.diff(frames).min(initial=frames[-1] - frames[0] or 1))
    is_empty = n_cells == 0
    if is_empty.any():
        where = in_ranges(frames[is_empty].tolist(), step)
        yield _Finding(EMPTY.light(float(is_empty.mean())), f"No cells in {where}.")
    seen, at = n_cells[~is_empty], frames[~is_empty]
    more = np.maximum(seen[1:], seen[:-1])
    change = np.abs(np.diff(seen)) / np.maximum(more, 1)
    sudden = np.flatnonzero((change >= SUDDEN_COUNT) & (more >= _FEW))
    if len(sudden):
        worst = sudden[np.argmax(change[sudden])]
        others = f", and at {len(sudden) - 1} other places" if len(sudden) > 1 else ""
        yield _Finding(
            "amber",
            f"The number of cells goes from {seen[worst]:.0f} in frame {at[worst]} to "
            f"{seen[worst + 1]:.0f} in frame {at[worst + 1]}{others}.",
        )


_NO_CELLS = "No cells were found in any frame."


def _of_tracks(events: pd.DataFrame, tracks: pd.DataFrame) -> Iterator[_Finding]:
    n_tracks = len(tracks)
    grave = events[events[SEVERITY] >= _EXPLAINED]

    def having(*kinds: str) -> int:
        return int(grave.loc[grave[KIND].isin(kinds), TRACK_ID].nunique())

    def share(n: int, limits: Limits, reason: str) -> _Finding:
        return _Finding(limits.light(n / n_tracks), reason)

    of = f"of {n_tracks} {plural(n_tracks, 'track')}"
    n_ends, n_starts = having("end"), having("start")
    if max(n_ends, n_starts):
        words = [
            f"{n} {of} {plural(n, verb, verb[:-1])} in the middle of the field {when}"
            for n, verb, when in (
                (n_ends, "ends", "before the movie does"),
                (n_starts, "begins", "after the movie does"),
            )
        ]
        # Each break has two sides: the one that is met more often tells how many there are.
        reason = f"{words[0] if n_ends >= n_starts else words[1]}."
        yield share(max(n_ends, n_starts), BROKEN, reason)
    n_links = int((tracks[N_FRAMES] - 1).clip(lower=0).sum())
    if n_links:

        def share_of_links(kinds: tuple[str, ...], limits: Limits, reason: str) -> _Finding:
            n = int(grave[KIND].isin(kinds).sum())
            return _Finding(limits.light(n / n_links), f"{reason.format(f'{n} of {n_links}')}.")

        n_merged, n_jumps = having("merge", "split"), having("jump")
        yield share_of_links(
            ("merge", "split"),
            MERGED,
            f"{n_merged} {of} share a mask with another cell for some frames (in {{}} links masks "
            "merge or split)",
        )
        yield share_of_links(
            ("swap risk",),
            DOUBTFUL,
            "The search radius is ambiguous: {} links could nearly as well have gone to another "
            "cell",
        )
        yield share_of_links(
            ("jump",), JUMPS, f"{n_jumps} {of} jump far in one step (in {{}} links)"
        )
    n_short = having("short")
    yield share(
        n_short,
        SHORT,
        f"{n_short} {of} {plural(n_short, 'is', 'are')} seen in 2 frames or less.",
    )
    n_gaps = having("gap")
    missed = plural(n_gaps, "misses its", "miss their")
    yield share(n_gaps, GAPS, f"{n_gaps} {of} {missed} cell in some frames (bridged).")
    of_frame = grave[grave[REASON].astype(str).str.contains("as a whole", regex=False)]
    for kind, rows in of_frame.groupby(KIND, sort=True):
        where = in_ranges(sorted(rows[FRAME].unique().tolist()))
        what = {"area": "size", "intensity": "brightness"}.get(str(kind), str(kind))
        yield _Finding("amber", f"The {what} of most cells changes at once in {where}.")
    if (tracks[START_FRAME] == tracks[END_FRAME]).all():
        yield _Finding("red", "No cell is followed from any frame to the next.")
