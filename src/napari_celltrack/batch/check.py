"""Finding: what in a folder of results is not as a run has written it, or not of a run at all.

All files are read: whether a disk has kept them, nothing else tells.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from napari_celltrack.batch.horizontal.step_store import (
    StepStore,
    step_stores,
    strange_in_steps,
)
from napari_celltrack.batch.horizontal.stored_step import frames_text
from napari_celltrack.errors import ResultError
from napari_celltrack.results.own_files import FileFact
from napari_celltrack.results.result_folder import RECORD, ResultFolder, is_aside
from napari_celltrack.results.run_folder import (
    ERRORS,
    LOG,
    REPLACED,
    STEPS_FOLDER,
    RunFolder,
)

#: What is said of a file: the first two of one that a run has made and that does not serve any
#: more, the third of data of a step that a person has changed and runs use, the last of a file
#: that no run has made, and that no run touches.
Kind = Literal["damaged", "missing", "changed by hand", "of others"]

_ANEW = "run again to have it made anew"


@dataclass(frozen=True)
class Finding:
    """One file that is not as a run has written it.

    Parameters
    ----------
    file : str
        Its name in the folder of the results.
    kind : str
        One of :data:`Kind`.
    words : str
        More about it, in a clause.
    """

    file: str
    kind: Kind
    words: str

    @property
    def is_loss(self) -> bool:
        """Whether something that a run has written is lost."""
        return self.kind in ("damaged", "missing")


@dataclass(frozen=True)
class Checked:
    """One result, or what a run keeps beside its results, after all its files were read.

    Parameters
    ----------
    name : str
        Of its folder; empty for the folder of the run.
    n_files : int
        How many files were compared with what was written.
    findings : tuple of Finding
        What is not as it was written.
    """

    name: str
    n_files: int
    findings: tuple[Finding, ...] = ()


def check_results(path: Path) -> Iterator[Checked]:
    """Read all that runs have written into a folder, and compare it with what they wrote down.

    Parameters
    ----------
    path : Path
        The folder of a run, or of one result.

    Yields
    ------
    Checked
        One for each result, for the data of each step, and for the folder of the run.

    Raises
    ------
    ResultError
        If no run has written there.
    """
    if not path.is_dir():
        raise ResultError(f"{path} is no folder; give the folder that celltrack run wrote.")
    if ResultFolder(path).owner() == "us":
        yield _check_result(ResultFolder(path), "")
        return
    run = RunFolder(path)
    results = _results_in(run)
    if run.owner() in ("nobody", "others") and not results:
        raise ResultError(
            f"{path} holds no results (there is no {RECORD} of any); give a folder that celltrack "
            "run wrote."
        )
    for name in results:
        yield _check_result(ResultFolder(path / name), name)
    for store in step_stores(path):
        yield _check_step(store)
    yield _check_run(run, results)


def _results_in(run: RunFolder) -> list[str]:
    """Return the names of all results that are there, or that the last run has made."""
    made = {str(i.get("name")) for i in run.record().items if i.get("status") == "done"}
    there = {
        entry.name
        for entry in run.path.iterdir()
        if not entry.name.startswith(".") and not is_aside(entry.name)
        if ResultFolder(entry).owner() in ("us", "perhaps us")
    }
    return sorted(made | there)


def _check_result(result: ResultFolder, name: str) -> Checked:
    at = f"{name}/" if name else ""
    if not result.path.is_dir():
        return Checked(name, 0, (Finding(name, "missing", _ANEW),))
    try:
        files = result.record().files
    except ResultError:
        return Checked(name, 0, (Finding(at + RECORD, "damaged", _ANEW),))
    findings = [
        *_losses(result.path, files, at),
        *(Finding(at + file, "of others", "no run touches it") for file in result.strange_files()),
    ]
    if any(not fact.digest for fact in files.values()):
        # Lengths alone were written down by older versions.
        findings.append(Finding(at + RECORD, "damaged", "it knows no digests; run again"))
    return Checked(name, len(files), tuple(findings))


def _losses(folder: Path, files: Mapping[str, FileFact], at: str) -> Iterator[Finding]:
    for name, fact in files.items():
        if not os.path.lexists(folder / name):
            yield Finding(at + name, "missing", _ANEW)
        elif not fact.is_of(folder / name):
            yield Finding(at + name, "damaged", f"or changed by hand; {_ANEW}")


def _check_step(store: StepStore) -> Checked:
    found = store.look(is_thorough=True)
    if found is None:
        return Checked(store.title, 0)
    findings = []
    if found.is_damaged:
        findings.append(Finding(found.title, "damaged", f"{found.damage}; {_ANEW}"))
    if found.is_changed:
        where = f"in {frames_text(found.changed_frames)}; " if found.changed_frames else ""
        words = found.error or f"{where}runs use it as it is"
        findings.append(Finding(found.title, "changed by hand", words))
    return Checked(found.title, len(found.mark.files), tuple(findings))


def _check_run(run: RunFolder, results: list[str]) -> Checked:
    """Compare what lies beside the results: tables of all, and files of others."""
    files = run.record().files
    ours = {RECORD, LOG, ERRORS, STEPS_FOLDER, *REPLACED, *files, *results}
    beside = (
        entry.name
        for entry in sorted(run.path.iterdir())
        if entry.name not in ours and not entry.name.startswith(".") and not is_aside(entry.name)
    )
    others = [*beside, *strange_in_steps(run.path)]
    findings = [
        *_losses(run.path, files, ""),
        *(Finding(name, "of others", "no run touches it") for name in others),
    ]
    return Checked("", len(files), tuple(findings))
