# SPDX-License-Identifier: MIT
"""A short soak, so that the long one is known to run: script/soak for some seconds, with one seed.

ALAMO_SOAK_MINUTES is how long; ALAMO_SOAK_SEED another seed.
"""

import os
import re
import subprocess

import pytest
from harness import BIN, ROOT

MINUTES = os.environ.get("ALAMO_SOAK_MINUTES", "0.15")
SEED = os.environ.get("ALAMO_SOAK_SEED", "5")


@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and a disk of its own")
def test_soak():
    done = subprocess.run([ROOT / "script/soak", MINUTES, "--seed", SEED], capture_output=True, text=True, timeout=float(MINUTES) * 60 + 300,
                          env=os.environ | {"ALAMO_BIN": str(BIN)}, check=False)
    print(done.stdout)
    if "unshare:" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert int(re.search(r"(\d+) receipts", done.stdout)[1]) > 20, "the load was none"
    assert re.search(r"\b(killed|frozen|disk full|clock jumped|wire cut|disk errors) \d", done.stdout), "nothing went wrong"
