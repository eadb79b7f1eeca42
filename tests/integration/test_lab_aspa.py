# SPDX-License-Identifier: MIT
"""Attacks in the lab's network of nine members, whose routers check paths by ASPA: tests/lab/aspa.py."""

import contextlib

import pytest
from aspa import MISSING, PROGRAM, Aspa
from failures import Failures
from machines import NotHere
from network import Lab

pytestmark = pytest.mark.skipif(PROGRAM is None, reason=MISSING)


@pytest.fixture
def nine(netns):
    try:
        with contextlib.closing(Lab(9)) as lab:
            yield lab.build(wires=False)
    except NotHere as reason:
        pytest.skip(str(reason))


def test_forged_origin_is_found_by_aspa(nine):
    """By origins alone it captures some; by providers nobody, and neither do the others."""
    tried = Aspa(Failures(nine, print)).run()
    assert tried.captured["forged_unchecked"]
    assert {case: who for case, who in tried.captured.items() if who and case != "forged_unchecked"} == {}
    assert len(tried.observers) == 8
