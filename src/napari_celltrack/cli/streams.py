"""Standard output and error: any text can be written to them, whatever their encoding lacks.

Terminals of Windows and old servers have code pages without µ or the names of files; a run must not
end because of what it says.
"""

from __future__ import annotations

import codecs
import io
import json
import sys
from typing import Any

from napari_celltrack.text import readable

_STAND_INS = "celltrack-stand-ins"
#: What stands for the characters of our own sentences.
_PLAIN = str.maketrans(
    {"µ": "u", "²": "2", "–": "-", "…": "...", "·": "-", "Δ": "d", "π": "pi", "×": "x", "→": "->"}
)


def accept_all_text() -> None:
    """Have standard output and error write something readable for what they cannot encode."""
    codecs.register_error(_STAND_INS, _stand_ins)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_STAND_INS)


def echo_json(values: Any) -> None:
    """Print values as JSON; with escapes where the encoding of the output is not that of JSON."""
    is_ascii = not _is_utf8(sys.stdout.encoding)
    sys.stdout.write(json.dumps(values, indent=2, ensure_ascii=is_ascii) + "\n")


def echo_yaml(text: str) -> None:
    """Print YAML: into a file or pipe in UTF-8, which is how YAML is read again."""
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
    else:
        sys.stdout.write(text)


def _stand_ins(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = readable(error.object[error.start : error.end]).translate(_PLAIN)
    return lost.encode("ascii", "backslashreplace").decode(), error.end


def _is_utf8(encoding: str | None) -> bool:
    return encoding is None or codecs.lookup(encoding).name == "utf-8"
