"""Files of microscopes and other programs that are not read here, and the way out for each."""

from __future__ import annotations

from pathlib import Path

_EXPORT = (
    "{name} is a file of {program} that cannot be read here; export it from {program} as OME-TIFF, "
    "or open it in Fiji and save it as OME-TIFF."
)
_FIJI = "{name} cannot be read here; open it in Fiji and save it as OME-TIFF."
_PROGRAMS = {
    "ZEN": (".czi",),
    "AxioVision": (".zvi",),
    "LAS X": (".lif", ".lof", ".xlef", ".xlif"),
    "NIS-Elements": (".nd2",),
    "FluoView": (".oib", ".oif", ".oir", ".poir"),
    "cellSens": (".vsi", ".ets"),
    "Imaris": (".ims",),
    "SlideBook": (".sld", ".sldy"),
    "softWoRx": (".dv", ".r3d"),
    "Volocity": (".mvd2",),
}
_OTHERS = {
    ".nd": "{name} is a list of the files of a recording; open the TIFF or STK files beside it.",
    ".npy": "{name} is an array of NumPy; save it as TIFF with tifffile.imwrite.",
    ".npz": "{name} holds arrays of NumPy; save one as TIFF with tifffile.imwrite.",
    **dict.fromkeys((".h5", ".hdf5", ".mrc", ".ics", ".nrrd", ".dcm", ".jp2", ".webp"), _FIJI),
}
_WAYS = _OTHERS | {
    suffix: _EXPORT.replace("{program}", program)
    for program, suffixes in _PROGRAMS.items()
    for suffix in suffixes
}
#: How files begin, for those whose name was changed.
_MAGIC = {b"ZISRAWFILE": ".czi", b"\xda\xce\xbe\x0a": ".nd2", b"\x89HDF\r\n\x1a\n": ".h5"}
#: Within these lies a TIFF that is not the recording but a small picture of it.
_LOOK_LIKE_TIFF = (".vsi",)


def way_out(path: Path, head: bytes = b"") -> str:
    """Say what to do with a file of another program; empty for any other file.

    Parameters
    ----------
    path : Path
        Its suffix tells the program.
    head : bytes, optional
        How it begins, where the suffix is none of theirs.
    """
    suffix = path.suffix.lower()
    if suffix not in _WAYS:
        suffix = next((of for magic, of in _MAGIC.items() if head.startswith(magic)), "")
    return _WAYS[suffix].replace("{name}", path.name) if suffix else ""


def hides_its_images(path: Path) -> bool:
    """Whether a file reads as a TIFF, and the recording is not in it."""
    return path.suffix.lower() in _LOOK_LIKE_TIFF
