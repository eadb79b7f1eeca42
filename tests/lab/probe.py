# SPDX-License-Identifier: MIT
"""A ping every 20 ms, and for how long nothing came back."""

import re
import signal
import subprocess
import time


class Probe:
    def __init__(self, machine, address):
        self.file = machine.internet.folder / f"ping-{machine.name}-{time.time_ns()}"
        self.out = open(self.file, "w")
        # Each line has its time (-D), which is the clock of time.time().
        self.process = subprocess.Popen([*machine.inside, "ping", "-6", "-n", "-D", "-i", "0.02", address], stdout=self.out,
                                        stderr=subprocess.DEVNULL, text=True)

    def replies(self):
        lines = re.findall(r"^\[([\d.]+)\] \d+ bytes from \S+ icmp_seq=(\d+)", self.file.read_text(), re.M)
        return [(float(when), int(number)) for when, number in lines]

    def fresh_after(self, when):
        """An answer to something that was sent after `when`: what WireGuard queued meanwhile is none."""
        sent = [number for at, number in self.replies() if at < when]
        first = max(sent, default=0)
        return any(at > when and number > first + 25 for at, number in self.replies())

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        self.end = time.time()
        self.out.close()

    def gap(self, since):
        """The longest time between two answers, from `since` on; of a probe that was stopped."""
        times = [at for at, _ in self.replies()] + [self.end]
        return max(b - a for a, b in zip(times, times[1:]) if b > since)

    def lost(self):
        numbers = [number for _, number in self.replies()]
        return max(numbers, default=0) - len(set(numbers)), max(numbers, default=0)
