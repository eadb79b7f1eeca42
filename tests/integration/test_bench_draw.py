# SPDX-License-Identifier: MIT
"""bench/draw: the last lines of a bench become a picture that says the same."""

import subprocess
import xml.etree.ElementTree as tree

import pytest
from harness import ROOT

SAID = """building
figure cpu-small 1.250 us NSD 2.500 ratio 0.500
figure start-100k 3.000 s <NSD>&co 1.500 ratio 2.000
1 hint
"""
SVG = "{http://www.w3.org/2000/svg}"


def drawn(said, *words):
    return subprocess.run([ROOT / "bench/draw", *words], input=said, capture_output=True, text=True, timeout=30)


def test_a_bar_a_figure():
    picture = tree.fromstring(drawn(SAID).stdout)
    bars = [bar for bar in picture.iter(f"{SVG}rect") if bar.get("x")]
    one = next(float(line.get("x1")) for line in picture.iter(f"{SVG}line") if line.get("stroke") == "#444")
    ends = [float(bar.get("x")) + float(bar.get("width")) for bar in bars]
    assert len(bars) == 2 and ends[0] < one < ends[1] and bars[0].get("fill") != bars[1].get("fill")
    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert "cpu-small: 1.250 us, NSD 2.500" in texts and "start-100k: 3.000 s, <NSD>&co 1.500" in texts


@pytest.mark.parametrize("said, words, why", (("nothing\n", (), "no figures in it"), ("figure cpu 1\n", (), "not \"figure NAME OURS"),
                                              ("", ("no-such-file",), "no-such-file: No such file")))
def test_what_cannot_be_drawn(said, words, why):
    refused = drawn(said, *words)
    assert refused.returncode == 1 and why in refused.stderr and refused.stdout == ""
