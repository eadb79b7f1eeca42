# SPDX-License-Identifier: MIT
"""alamo-meshsim as scripts use it: the same bytes for the same seed, CSV and JSON alike, one line a row of the table."""

import csv
import io
import json
import re
import subprocess

from harness import BIN


def meshsim(*words, status=0):
    done = subprocess.run([BIN / "alamo-meshsim", *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


def test_same_seed_same_bytes_in_both_formats():
    words = ["run", "--graph", "ba:200:2", "--scenario", "cold,anchor", "--seed", "5"]
    rows = meshsim(*words)
    assert rows == meshsim(*words)
    assert rows != meshsim(*words[:-1], "6")
    table = list(csv.DictReader(io.StringIO(rows)))
    objects = json.loads(meshsim(*words, "--format", "json"))
    assert [{name: str(value) for name, value in row.items() if name != "value"} for row in objects] == [
        {name: value for name, value in row.items() if name != "value"} for row in table
    ]
    assert [row["value"] for row in objects] == [float(row["value"]) for row in table]
    assert {row["seed"] for row in table} == {"5"} and all(re.fullmatch(r"[0-9a-f]+(-dirty)?|unknown", row["commit"]) for row in table)


def test_wrong_words():
    for words in (["run", "--graph", "ba:3:3"], ["run", "--scheme", "anchors:6"], ["run", "--scenario", "flood"], ["fly"]):
        assert meshsim(*words, status=1 if "ba:3:3" in words else 2)
