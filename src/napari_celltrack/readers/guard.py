"""Guards: broken or hostile files end in one sentence, never in a crash or a full memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from napari_celltrack.errors import MovieError

MIB = 1 << 20
#: Claims up to this many bytes are harmless and always tried.
HARMLESS_BYTES = 64 * MIB
#: How many bytes one stored byte can at most become, generously, by how it is stored.
MAX_RATIO = {"deflate": 1100, "lzw": 1500, "packbits": 64, "jpeg": 1600, "other": 40_000}


@contextmanager
def decoding(name: str) -> Iterator[None]:
    """Turn whatever a decoder raises on broken bytes into a MovieError that names the file.

    This is the one boundary to the decoders of other people. It catches Exception because on
    hostile bytes they raise nearly everything: tifffile alone gave TiffFileError, ValueError,
    TypeError, KeyError, IndexError, AttributeError, AssertionError, ZeroDivisionError,
    OverflowError, RuntimeError, NotImplementedError, OSError and struct.error when fuzzed, and
    the codecs have error classes of their own. Only calls into a decoder belong inside.

    Parameters
    ----------
    name : str
        The file, for the message.

    Raises
    ------
    MovieError
        From the error of the decoder; a MovieError goes through as it is.
    """
    try:
        yield
    except MovieError:
        raise
    except MemoryError as error:
        raise MovieError(
            f"{name} has an image that does not fit into memory; crop it or use a smaller one."
        ) from error
    except Exception as error:
        raise MovieError(
            f"{name} cannot be decoded{_reason(error)}; it is damaged or of a kind that is not "
            "supported, so try to open it in Fiji and save it again as TIFF."
        ) from error


def check_claim(name: str, claimed: int, stored: int, how: str = "other") -> None:
    """Refuse an image that is larger than its file could possibly hold.

    Parameters
    ----------
    name : str
        The file, for the message.
    claimed : int
        Bytes that the header says the decoded image takes.
    stored : int
        Bytes in the file that it is decoded from.
    how : str
        A key of `MAX_RATIO`, or ``"raw"`` when every byte must be there.

    Raises
    ------
    MovieError
        If the claim is impossible.
    """
    possible = stored if how == "raw" else max(HARMLESS_BYTES, stored * MAX_RATIO[how])
    if claimed > possible:
        raise MovieError(
            f"{name} claims an image of {claimed} bytes but holds only {stored} bytes of data for "
            "it; the file is damaged or cut short, so copy or export it again."
        )


def n_bytes(shape: tuple[int, ...], itemsize: int) -> int:
    """Return the bytes of an array, as an exact integer however large the claim is."""
    return math.prod(int(length) for length in shape) * itemsize


def _reason(error: Exception) -> str:
    """Return the first words of an error in brackets, or nothing."""
    text = " ".join(str(error).split()).rstrip(".")
    return f" ({text[:97] + '...' if len(text) > 100 else text})" if text else ""
