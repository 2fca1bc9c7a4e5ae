"""The benchmark of whole pictures beside an earlier build."""

from pathlib import Path

import pytest

from benchmarks import picture_speed
from emotion.core.errors import InputError


def test_the_ratios_to_the_earlier_build_are_those_of_each_round():
    measured = {
        "this build": [{"pictures_s": speed, "faces": 9} for speed in (30.0, 40.0, 90.0)],
        "baseline": [{"pictures_s": speed, "faces": 6} for speed in (10.0, 20.0, 15.0)],
    }
    rows = picture_speed.summarise(measured)
    assert rows["this build"]["pictures_s_ratio"] == 3.0, "the median of 3, 2 and 6"
    assert (rows["baseline"]["pictures_s"], rows["baseline"]["faces"]) == (15.0, 6)
    assert "one_ms" not in rows["baseline"]


def test_an_earlier_build_without_an_environment_is_one_line(tmp_path: Path):
    with pytest.raises(InputError, match="run `make setup` there first"):
        picture_speed.main("--baseline", str(tmp_path))
