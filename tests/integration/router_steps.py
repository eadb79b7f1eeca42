# SPDX-License-Identifier: MIT
"""What may happen to a cache, its routers and their lines (router_trial.Trial): each breaks something, changes the set and mends."""

DELTA_BYTES = 320         # so much of a difference passes, where it is cut: some records

# ---- lines ----


def changes(trial):
    trial.change()


def cut_lines(trial):
    trial.cut()
    trial.change()


def cut_in_a_difference(trial):
    trial.each_line(left=DELTA_BYTES)
    trial.change()
    trial.held()
    trial.released()


def dead_lines(trial):
    trial.each_line(frozen=True)
    trial.change()
    trial.each_line(frozen=False)
    trial.cut()


def stalled_lines(trial):
    """What was on the way when they stalled arrives."""
    trial.each_line(frozen=True)
    trial.change()
    trial.each_line(frozen=False)


def slow_lines(trial):
    trial.each_line(rate=trial.rate, stall=trial.stall)
    trial.change()
    trial.arrived()
    trial.each_line(rate=None, stall=None)


STEPS = {
    "lines": (changes, cut_lines, cut_in_a_difference, dead_lines, stalled_lines, slow_lines),
}
