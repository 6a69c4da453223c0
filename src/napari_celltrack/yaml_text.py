"""Reading YAML that people wrote: in UTF-8, and of a size that a person could have written.

A few lines of YAML can stand for more values than fit into memory, as a name may stand for many
others. So the text is walked through before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from napari_celltrack.errors import RecipeError

#: Far more than any recipe or list of overrides has.
_MOST_BYTES, _MOST_VALUES, _DEEPEST = 4 << 20, 100_000, 50
_MOST_DIGITS = 300
_SLOW_CHARACTERS = 100_000
#: Written in C where it is there, and ten times as fast.
_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml_text(path: str | Path, what: str) -> str:
    """Return the text of a YAML file.

    Parameters
    ----------
    path : str or Path
        The file.
    what : str
        What it should be, for messages, such as ``a recipe``.

    Raises
    ------
    RecipeError
        If it cannot be read, is too large, or is not in UTF-8.
    """
    try:
        if Path(path).is_fifo() and not str(path).startswith("/dev/"):
            # It may wait for ever; what a shell pipes into the command comes at once.
            raise RecipeError(f"{path} is a pipe and no file; save {what} first.")
        with Path(path).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise RecipeError(f"{path} cannot be read ({error.strerror}); check the path.") from error
    if len(data) > _MOST_BYTES:
        raise RecipeError(f"{path} is too large for {what}; choose another file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(
            f"{path} is not a text file in UTF-8; choose {what} in YAML, or if it is one, save it "
            "again with the encoding UTF-8."
        ) from error


def parse_yaml(text: str, name: str) -> Any:
    """Return the plain values in a text; a key that stands there twice is refused.

    Parameters
    ----------
    text : str
        YAML.
    name : str
        What to call it in messages.

    Raises
    ------
    RecipeError
        If it is not YAML, is nested deeper or stands for more values than any person writes, or
        has a number or date that is none.
    """
    try:
        _check_size(text, name)
        return yaml.load(text, Loader=_Strict)
    except yaml.YAMLError as error:
        raise RecipeError(f"{name} is not valid YAML: {_problem(error)}.") from error
    except (ValueError, OverflowError, TypeError, AttributeError, LookupError) as error:
        raise RecipeError(
            f"{name} is not valid YAML: it has a number, date or name that is none ({error})."
        ) from error


def _check_size(text: str, name: str) -> None:
    """Walk through a text, and count what it stands for: a name stands for all that it names."""
    open_values: list[tuple[str | None, int]] = []
    size_of: dict[str, int] = {}
    total = 0
    for event in _events(text):
        size = 0
        if isinstance(event, yaml.CollectionStartEvent):
            open_values.append((event.anchor, total))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_values.pop()
            if anchor is not None:
                size_of[anchor] = total - before + 1
            size = 1
        elif isinstance(event, yaml.ScalarEvent):
            size = 1
            if len(event.value) > _MOST_DIGITS and event.value.strip("+-")[:1].isdigit():
                raise RecipeError(f"{name} has a number of {len(event.value)} digits; shorten it.")
        elif isinstance(event, yaml.AliasEvent):
            size = size_of.get(str(event.anchor), 1)
        total += size
        if total > _MOST_VALUES or len(open_values) > _DEEPEST:
            what = "nested too deep" if len(open_values) > _DEEPEST else "too long"
            raise RecipeError(f"{name} is {what} to be settings; write out what it should say.")


def _events(text: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_PARSER)
    except yaml.YAMLError:
        # The slow loader says more clearly what is wrong, and stops at the same place.
        if len(text) > _SLOW_CHARACTERS:
            raise


def _problem(error: Any) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" in line {mark.line + 1}" if mark else ""
    if isinstance(error, yaml.reader.ReaderError):
        return "it has characters that text in UTF-8 has not, so save it again as UTF-8"
    return f"{getattr(error, 'problem', None) or 'it cannot be parsed'}{place}"


class _Strict(yaml.SafeLoader):
    """Refuses a key that stands there twice, of which YAML would keep the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue  # what is merged in gives way to the keys that are written out
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str | int) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key} stands there twice", key_node.start_mark
                )
            seen.add(key if isinstance(key, str | int) else str(key))
        return super().construct_mapping(node, deep)
