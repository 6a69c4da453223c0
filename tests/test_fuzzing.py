"""A few rounds of damage at random, the same ones each time; ``benchmarks/fuzz.py`` has more."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzzing import KINDS, faults_of


@pytest.mark.parametrize("kind", KINDS)
def test_damage_gives_an_answer_or_a_sentence(kind: str, tmp_path: Path) -> None:
    faults = list(faults_of(kind, 0, range(8 if kind == "result" else 25), tmp_path))
    assert not faults, faults[0].words
