# SPDX-License-Identifier: MIT
"""What may happen to a cache, its routers and their lines (router_trial.Trial): each breaks something, changes the set and mends."""

from router_trial import NOTHING

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


# ---- programs ----


def cache_stopped(trial):
    trial.cache.stop()
    trial.change()
    trial.cache.start()


def cache_killed(trial):
    trial.cache.kill9()
    trial.cache.start()
    trial.change()


def cache_killed_in_a_difference(trial):
    trial.each_line(left=DELTA_BYTES)
    trial.change()
    trial.held()
    trial.cache.kill9()
    trial.released()
    trial.cache.start()


def registry_killed(trial):
    before = trial.authority.pid("alamo-registryd")
    assert trial.authority.kill9("alamo-registryd")
    trial.wait(lambda: trial.authority.pid("alamo-registryd") not in (None, before), "the registry")
    trial.wait(lambda: (trial.authority.read_endpoints(), trial.authority.ask("head"))[1], "the registry's head")
    trial.change()


def log_cut(trial):
    trial.cache.log.cut()
    trial.change()


def log_dead(trial):
    trial.cache.log.frozen = True
    trial.change()
    trial.cache.log.frozen = False
    trial.cache.log.cut()


def log_slow(trial):
    trial.cache.log.rate, trial.cache.log.stall = trial.rate, trial.stall
    trial.change()
    trial.arrived()
    trial.cache.log.rate = trial.cache.log.stall = None


def routers_restarted(trial):
    """One after the other, with changes between."""
    for watch in trial.watches:
        watch.kept = NOTHING
        watch.router.restart()
        trial.change()


def routers_begin_on_slow_lines(trial):
    """All of the set, and a change meanwhile."""
    trial.each_line(rate=trial.rate, stall=trial.stall)
    for watch in trial.watches:
        watch.kept = NOTHING
        watch.router.restart()
    trial.change()
    trial.arrived()
    trial.each_line(rate=None, stall=None)


# ---- clocks ----


def clock_behind(trial):
    trial.cache.stop()
    trial.change()
    trial.cache.start("-30d")
    trial.change()


def clock_ahead(trial):
    trial.cache.kill9()
    trial.change()
    trial.cache.start("+30d")
    trial.wait(lambda: trial.cache.days_ahead() == 30, "a date in the log")
    trial.change()


def clock_set(trial):
    """While it runs: thirty days ahead, and back."""
    trial.cache.stop()
    trial.cache.clock.write_text("+0\n")
    trial.cache.start(trial.cache.clock)
    for clock, days in (("+30d", 30), ("+0", 0)):
        trial.change()
        trial.cache.clock.write_text(f"{clock}\n")
        trial.wait(lambda: trial.cache.days_ahead() == days, f"the clock to be {days} days ahead")
        trial.change()
        trial.arrived()


def clock_right(trial):
    cache_stopped(trial)


STEPS = {
    "lines": (changes, cut_lines, cut_in_a_difference, dead_lines, stalled_lines, slow_lines),
    "cache": (cache_stopped, cache_killed, cache_killed_in_a_difference),
    "routers": (routers_restarted, routers_begin_on_slow_lines),
    "log": (registry_killed, log_cut, log_dead, log_slow),
    "clock": (clock_behind, clock_ahead, clock_set, clock_right),
}
