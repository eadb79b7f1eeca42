# SPDX-License-Identifier: MIT
"""Two machines in network namespaces of their own, with lines between them: what each of them spends on its end of a line.

A line is a veth pair. What an end receives is worked off by a kernel thread of its own (threaded NAPI), on the core of its
machine: left to itself the kernel does it on the core of whoever sent it, and it would be the other machine's CPU time.
"""

import ctypes
import os
import subprocess
from pathlib import Path

CLONE_NEWNET = 0x40000000


def run(*command):
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


def thread_of(device):
    """The kernel thread that receives for it; it has the namespace's own names, so ours are told apart by their process id."""
    for comm in Path("/proc").glob("[0-9]*/comm"):
        try:
            if comm.read_text().startswith(f"napi/{device}-"):
                return int(comm.parent.name)
        except OSError:
            continue
    raise SystemExit(f"{device} has no thread that receives: no threaded NAPI here?")


class Machine:
    def __init__(self, stack, name, core):
        self.name, self.core = f"alamo-{name}-{os.getpid()}", core
        run("ip", "netns", "add", self.name)
        stack.callback(run, "ip", "netns", "del", self.name)
        run(*self.inside, "ip", "link", "set", "lo", "up")

    @property
    def inside(self):
        """The words that run a command there, on its core."""
        return ["ip", "netns", "exec", self.name, "taskset", "-c", self.core]

    def enter(self, stack):
        """We, too, are there from now on."""
        libc = ctypes.CDLL(None, use_errno=True)
        before, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        stack.callback(os.close, before)
        stack.callback(libc.setns, before, CLONE_NEWNET)
        if libc.setns(there, CLONE_NEWNET) != 0:
            raise SystemExit(f"setns: {os.strerror(ctypes.get_errno())}")
        os.close(there)


class Line:
    """Between `one` and `other`, 10.9.NUMBER.1 and .2."""

    def __init__(self, one, other, number):
        self.address, self.device = f"10.9.{number}.1", f"x{number}a"
        run("ip", "-n", one.name, "link", "add", self.device, "type", "veth", "peer", "name", f"x{number}b", "netns", other.name)
        for machine, device, host in ((one, self.device, 1), (other, f"x{number}b", 2)):
            run("ip", "-n", machine.name, "addr", "add", f"10.9.{number}.{host}/24", "dev", device)
            run("ip", "-n", machine.name, "link", "set", device, "up")
            # With TSO the other end takes a way past NAPI.
            run(*machine.inside, "ethtool", "-K", device, "gro", "on", "tso", "off")
            run(*machine.inside, "sh", "-c", f"echo 1 >/sys/class/net/{device}/threaded")

    def settle(self, one, other):
        """After the server has what it wants of its device: the threads on their cores. Returns that of `one`."""
        threads = [thread_of(self.device), thread_of(self.device[:-1] + "b")]
        for machine, thread in zip((one, other), threads):
            run("taskset", "-p", "-c", machine.core, thread)
        return threads[0]
