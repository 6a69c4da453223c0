"""ResultRecord: what ``run.json`` says of a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from napari_celltrack.results.own_files import FileFact


@dataclass(frozen=True)
class ResultRecord:
    """What ``run.json`` says of a result; what an older or copied one leaves out is empty.

    Parameters
    ----------
    input : mapping
        The movie: at least its `path`; its `parts`, `fingerprint`, calibration and more.
    key : str
        What it was made under; a run keeps it while that is the same.
    others : mapping of str to str
        Paths of other files that were measured with it, by name.
    result : mapping of str to float or None
        Its numbers, as in the summary.
    warnings : tuple of str
        Of the run, in sentences.
    seconds : float
        How long it took.
    versions : mapping of str to str
        Of the program and its libraries.
    files : mapping of str to FileFact
        What each file that it is made of held when it was written, by its name in the folder.
    has_plots : bool
        Whether its plots were drawn too.
    """

    input: Mapping[str, Any]
    key: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, FileFact] = field(default_factory=dict)
    has_plots: bool = False

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ResultRecord:
        """Take what JSON has said.

        Raises
        ------
        ValueError, TypeError
            If it does not say of which movie it is, or a value is of another kind.
        """
        source = values.get("input")
        if not isinstance(source, dict) or not isinstance(source.get("path"), str):
            raise ValueError("it says nothing of a movie")
        warnings = values.get("warnings", [])
        if not isinstance(warnings, list):
            raise TypeError("its warnings are no list")
        return cls(
            input=source,
            key=str(values.get("key", "")),
            others=_mapping(values, "others"),
            result=_mapping(values, "result"),
            warnings=tuple(map(str, warnings)),
            seconds=float(values.get("seconds", 0)),
            versions=_mapping(values, "versions"),
            files={k: FileFact.from_json(v) for k, v in _mapping(values, "files").items()},
            has_plots=values.get("has_plots") is True,
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        values = asdict(self)
        values["files"] = {name: fact.to_json() for name, fact in self.files.items()}
        order = ("key", "input", "others", "result", "warnings", "seconds", "versions", "files")
        return {name: values[name] for name in order} | (
            {"has_plots": True} if self.has_plots else {}
        )


def _mapping(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = values.get(name, {})
    if not isinstance(value, dict):
        raise TypeError(f"{name} is no mapping")
    return value
