# SPDX-License-Identifier: MIT
"""Routers of five makes behind one cache: whatever breaks, none is ever without a record that is in the old set and the new.

ALAMO_ROUTERS says how many records there are; the short run of the suite has few. bench/routers has 600,000.
"""

import os

import pytest
from harness import run
from router_steps import STEPS
from router_trial import Trial, Watch, prefixes

COUNT = int(os.environ.get("ALAMO_ROUTERS", "80"))
ONE, TWO, LONG = ("10.0.0.0/28", 28, 65000), ("fca1:80:1::/64", 64, 65000), ("10.0.0.0/28", 30, 65000)


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS.keys())
def test_no_router_is_ever_without_what_stays(children, tmp_path, steps):
    if run("setpriv", "--reuid", "_openbgpd", "--clear-groups", "true", check=False).returncode != 0:
        pytest.skip("OpenBGPD becomes another user, which root can")
    with Trial(tmp_path, children, COUNT, COUNT // 2, patience=60 + COUNT / 200) as trial:
        for step in steps:
            trial.run(step)


class Said:
    """A router that has one table after the other."""

    def __init__(self, *tables):
        self.tables = list(tables)

    def table(self):
        return self.tables.pop(0)


@pytest.mark.parametrize("tables, lacking", [
    (({ONE, TWO}, {ONE, TWO}), None),
    (({ONE, TWO}, {ONE}, {ONE, TWO}), {TWO}),           # for a moment
    (({ONE, TWO}, {LONG, TWO}, {ONE, TWO}), {ONE}),     # with another length
    (({ONE, TWO, LONG}, set(), {ONE, TWO}), {ONE, TWO}),
])
def test_the_watch_sees(tables, lacking):
    watch = Watch(Said(*tables))
    watch.kept = frozenset({ONE, TWO}), prefixes({ONE, TWO})
    for _ in tables:
        watch.look()
    assert watch.lacking == lacking and watch.looks == len(tables)


def test_the_watch_compares_again_when_more_is_to_stay():
    table = {ONE}
    watch = Watch(Said(table, table))
    watch.kept = frozenset({ONE}), prefixes({ONE})
    watch.look()
    watch.kept = frozenset({ONE, TWO}), prefixes({ONE})
    watch.look()
    assert watch.lacking == {TWO}


def test_the_watch_sees_a_prefix_without_any():
    """A record that changes may have its old or its new length, or both; not none."""
    watch = Watch(Said({ONE, TWO}, {ONE, TWO, LONG}, {LONG, TWO}, {TWO}))
    watch.kept = frozenset({TWO}), prefixes({ONE, TWO})
    for _ in range(3):
        watch.look()
    assert watch.lacking is None
    watch.look()
    assert watch.lacking == {ONE[0]}
