"""What the command says, whatever the encoding of the terminal, and how it is stopped."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tifffile
import yaml

from napari_celltrack.cli.stopping import stopped_once
from napari_celltrack.cli.streams import accept_all_text, echo_json, echo_yaml
from napari_celltrack.recipe import Recipe
from scenes import three_disks

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def written(monkeypatch: pytest.MonkeyPatch, encoding: str, write: Callable[[], None]) -> bytes:
    """Return what is written to a standard output of an encoding."""
    data = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(data, encoding, "strict"))
    accept_all_text()
    write()
    sys.stdout.flush()
    return data.getvalue()


def put(text: str) -> None:
    sys.stdout.write(text)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", r"0.5 um - gr\xf6 \u7d30 %F6"),
        ("cp850", r"0.5 µm - grö \u7d30 %F6"),
        ("cp1252", r"0.5 µm – grö \u7d30 %F6"),
        ("utf-8", r"0.5 µm – grö 細 %F6"),
    ],
)
def test_any_text_is_written(monkeypatch: pytest.MonkeyPatch, encoding: str, expected: str) -> None:
    text = "0.5 µm – grö 細 " + b"\xf6".decode(errors="surrogateescape")
    said = written(monkeypatch, encoding, lambda: put(text))
    assert said.decode(encoding) == expected


@pytest.mark.parametrize("encoding", ["ascii", "cp850", "utf-8"])
def test_json_and_yaml_are_read_back(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    values = {"µ": "größe 細"}
    said = written(monkeypatch, encoding, lambda: echo_json(values))
    assert json.loads(said.decode(encoding)) == values
    text = yaml.safe_dump(values, allow_unicode=True)
    said = written(monkeypatch, encoding, lambda: echo_yaml(text))
    assert yaml.safe_load(said.decode("utf-8")) == values


def test_the_command_speaks_in_a_locale_without_characters() -> None:
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for arguments in (["--help"], ["recipe", "new"], ["info", "größe"]):
        command = [sys.executable, "-m", "napari_celltrack", *arguments]
        done = subprocess.run(command, capture_output=True, env=os.environ | locale, check=False)
        assert done.returncode == (2 if "info" in arguments else 0), done.stderr
        assert b"Traceback" not in done.stderr


@pytest.fixture
def signals_of_before() -> Iterator[None]:
    """Give signals their handlers back: after a stop they are ignored until the process ends."""
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals_of_before")
def test_a_signal_interrupts_once_and_then_nothing_does() -> None:
    with pytest.raises(KeyboardInterrupt), stopped_once():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_signals_are_as_before_after_a_command_that_was_not_stopped() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stopped_once():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.usefixtures("signals_of_before")
def test_an_interrupt_that_is_lost_comes_again() -> None:
    class Loses:
        def __del__(self) -> None:  # which can raise nothing
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt), stopped_once():
        made = Loses()
        del made
        time.sleep(5)


#: Runs the command with files of at most so many bytes, as a disk that is nearly full would.
LIMITED = """
import resource, sys
n_bytes = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))
from napari_celltrack.cli.command import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of Unix")
def test_a_report_that_finds_no_room_is_told_and_the_results_stay(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", three_disks())
    Recipe().save(tmp_path / "r.yaml")
    out = tmp_path / "out"

    def run_with(n_bytes: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", LIMITED, str(n_bytes), "run"]
        paths = [str(tmp_path / "r.yaml"), str(tmp_path / "a.tif"), "-o", str(out)]
        return subprocess.run([*command, *paths], capture_output=True, text=True, check=False)

    done = run_with(15_000)
    assert done.returncode == 1
    assert "report.html cannot be written (File too large)" in done.stderr
    assert "The results are whole." in done.stderr
    assert "a.tif  done" in done.stdout
    assert not list(out.glob(".*"))
    again = run_with(10_000_000)
    assert (again.returncode, "kept" in again.stdout) == (0, True)
    assert (out / "report.html").is_file()
