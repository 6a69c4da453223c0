"""StoredStep: what a step has written for one movie, compared with what it holds now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from napari_celltrack.batch.horizontal.step_files import text_digest
from napari_celltrack.batch.run_options import Step
from napari_celltrack.results.own_files import FileFact

#: In place of the digest of a frame that is lost: its files are gone, or cannot be read.
LOST = ""


@dataclass(frozen=True)
class StepMark:
    """What a store was made from, and what it held when it was made.

    Parameters
    ----------
    key : str
        Equal where movie, settings up to this step, program version and what was changed by hand
        before it are equal.
    fingerprint : str
        Of the movie.
    settings : str
        Those of the recipe up to this step.
    before : str
        Identity of what the step before has written, see :class:`StoredStep`; empty for the first
        one.
    frames : tuple of int
        True index of each frame that is stored, in order.
    shifts_px : tuple of (float, float)
        How far each prepared frame had moved, as drift correction found it.
    digests : tuple of str
        Of the content of each frame, or of the whole table.
    files : mapping of str to FileFact
        What each file held, by its name in the folder of the step.
    signature : str
        Of the names, sizes and times of the files: while it is equal, nobody has changed them.
    """

    key: str
    fingerprint: str
    settings: str
    before: str
    frames: tuple[int, ...]
    shifts_px: tuple[tuple[float, float], ...]
    digests: tuple[str, ...] = ()
    files: Mapping[str, FileFact] = field(default_factory=dict)
    signature: str = ""

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> StepMark:
        """Take what JSON has said.

        Raises
        ------
        KeyError, TypeError, ValueError
            If something is missing or of another kind.
        """
        return cls(
            key=str(values["key"]),
            fingerprint=str(values["fingerprint"]),
            settings=str(values["settings"]),
            before=str(values["before"]),
            frames=tuple(int(frame) for frame in values["frames"]),
            shifts_px=tuple((float(y), float(x)) for y, x in values["shifts_px"]),
            digests=tuple(str(digest) for digest in values["digests"]),
            files={str(k): FileFact.from_json(v) for k, v in dict(values["files"]).items()},
            signature=str(values["signature"]),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        files = {name: fact.to_json() for name, fact in self.files.items()}
        return {**asdict(self), "files": files}


@dataclass(frozen=True)
class StoredStep:
    """What a store holds now.

    Parameters
    ----------
    step : str
        The step that wrote it.
    title : str
        Its name in messages.
    mark : StepMark
        What it was made from.
    digests : tuple of str
        Of the content as it is now; :data:`LOST` for a frame that is lost; empty if what a person
        has put there cannot be read.
    error : str
        Why it cannot be read, in a sentence.
    """

    step: Step
    title: str
    mark: StepMark
    digests: tuple[str, ...]
    error: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether a person has changed it since it was made."""
        known = zip(self.digests, self.mark.digests, strict=False)
        return len(self.digests) != len(self.mark.digests) or any(
            now not in (before, LOST) for now, before in known
        )

    @property
    def changed_frames(self) -> tuple[int, ...]:
        """True indices of the frames that a person changed; none of a table, compared whole."""
        if len(self.digests) != len(self.mark.frames):
            return ()
        known = zip(self.mark.frames, self.digests, self.mark.digests, strict=True)
        return tuple(frame for frame, now, before in known if now not in (before, LOST))

    @property
    def is_damaged(self) -> bool:
        """Whether something of it is lost, by no hand."""
        return LOST in self.digests

    @property
    def damage(self) -> str:
        """What is lost of it, in some words."""
        lost = [digest == LOST for digest in self.digests]
        if all(lost) or len(lost) != len(self.mark.frames):
            return "it cannot be read as it was written"
        frames = [frame for frame, is_lost in zip(self.mark.frames, lost, strict=True) if is_lost]
        return f"{frames_text(frames)} cannot be read as written"

    @property
    def identity(self) -> str:
        """Equal for what was made from the same and holds the same."""
        return text_digest(self.mark.key, *self.digests)


def frames_text(frames: tuple[int, ...] | list[int]) -> str:
    """Name frames, the first few of many."""
    named = ", ".join(map(str, frames[:5])) + (" and others" if len(frames) > 5 else "")
    return f"frame{'s' * (len(frames) > 1)} {named}"
