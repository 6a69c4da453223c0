"""Guards: broken or hostile files give one clear error, never a crash or a full memory."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from napari_celltrack.errors import MovieError

MIB = 1 << 20
#: Images of up to this many bytes are harmless and always decoded.
HARMLESS_BYTES = 64 * MIB
#: How many bytes one stored byte can decode to at most, a generous limit, by compression.
MAX_RATIO = {"deflate": 1100, "lzw": 1500, "packbits": 64, "jpeg": 1600, "other": 40_000}


@contextmanager
def decoding(name: str) -> Iterator[None]:
    """Turn any error of a decoder on broken bytes into a MovieError that names the file.

    This is the only boundary to third-party decoders. It catches Exception because hostile bytes
    make them raise almost anything: when fuzzed, tifffile alone raised TiffFileError, ValueError,
    TypeError, KeyError, IndexError, AttributeError, AssertionError, ZeroDivisionError,
    OverflowError, RuntimeError, NotImplementedError, OSError and struct.error, and the codecs have
    their own error classes. Only calls into a decoder belong inside.

    Parameters
    ----------
    name : str
        The file, for the message.

    Raises
    ------
    MovieError
        Caused by the error of the decoder; a MovieError passes unchanged.
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


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress tifffile's log of a broken file, for this thread and this call."""
    thread = threading.get_ident()
    logger = logging.getLogger("tifffile")

    def is_other(record: logging.LogRecord) -> bool:
        return record.thread != thread

    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)


def check_claim(name: str, claimed: int, stored: int, how: str = "other") -> None:
    """Refuse an image that is larger than its file could possibly hold.

    Parameters
    ----------
    name : str
        The file, for the message.
    claimed : int
        Bytes of the decoded image according to the header.
    stored : int
        Bytes in the file from which it is decoded.
    how : str
        A key of `MAX_RATIO`, or ``"raw"`` if the data are not compressed.

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
    """Return the number of bytes of an array, as an exact integer however large."""
    return math.prod(int(length) for length in shape) * itemsize


def _reason(error: Exception) -> str:
    """Return the first words of an error in brackets, or nothing."""
    text = " ".join(str(error).split()).rstrip(".")
    return f" ({text[:97] + '...' if len(text) > 100 else text})" if text else ""
