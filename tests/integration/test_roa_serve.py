# SPDX-License-Identifier: MIT
"""`alamo roa serve`: an RTR cache beside the router that knows only what it could verify."""

import os
import re
import signal
import socket
import subprocess

from conftest import running
from harness import ALAMO, Key, Rtr, attributes, wait_for
from mitm import Files


class Cache:
    def __init__(self, directory, log_pub, sources, children):
        self.dir, self.log = directory, directory.parent / "serve.log"
        self.process = children([ALAMO, "roa", "serve", "--log-key", log_pub, "--into", directory, "--port", "0", "--every", "1",
                                 "--listen", "127.0.0.1", *sources], stderr=open(self.log, "ab"), stdout=subprocess.DEVNULL)
        self.address = wait_for(self.find, what="the cache")

    def find(self):
        found = re.search(r"^rtr 127\.0\.0\.1:(\d+)$", (self.dir / "run" / "endpoints.d" / "alamo-rpkid").read_text(), re.M)
        return found and ("127.0.0.1", int(found[1]))

    def vrps(self):
        session = Rtr(self.address)
        try:
            return session.reset()
        finally:
            session.close()


def test_the_port_is_open_before_there_is_a_set(tmp_path, children):
    """A source that answers nothing keeps nobody out: a router's query waits, and is answered once there is a set."""
    with running(tmp_path / "dir") as authority, socket.create_server(("127.0.0.1", 0)) as silent:
        mirror = Files("http://%s:%d" % authority.endpoints["roas"])
        mirror.lies["/roa/head"] = mirror.lies["/roa/set"] = b"lies"
        authority.member(Key(tmp_path / "member"), name="FIRST")
        wait_for(authority.vrps, what="the route")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with open(tmp_path / "serve.log", "ab") as log:
            children([ALAMO, "roa", "serve", "--log-key", authority.dir / "keys" / "log.pub", "--into", tmp_path / "router",
                      "--port", port, "--every", "1", "--listen", "127.0.0.1", "http://127.0.0.1:%d" % silent.getsockname()[1],
                      mirror.url], stderr=log, stdout=subprocess.DEVNULL)
        session = wait_for(lambda: Rtr(("127.0.0.1", port)), timeout=5, what="the port, while a source is silent")
        assert "event=no-set-yet" in (tmp_path / "serve.log").read_text()
        silent.close()
        mirror.lies.clear()
        assert session.reset() == authority.vrps()
        session.close()
        mirror.close()


def test_a_cache_of_verified_sets(tmp_path, children):
    with running(tmp_path / "dir") as authority:
        mirror = Files("http://%s:%d" % authority.endpoints["roas"])
        key = Key(tmp_path / "member")
        first = authority.member(key, name="FIRST")
        wait_for(lambda: any(row[0] == first.key("inet6num") for row in authority.vrps()), what="the route")
        cache = Cache(tmp_path / "router", authority.dir / "keys" / "log.pub", [mirror.url], children)
        wait_for(lambda: cache.vrps() == authority.vrps(), what="the same table")
        here, there = Rtr(cache.address), authority.rtr()
        here.reset(), there.reset()
        # One session and serial for one set, whichever cache of the network says it; and differences lead on.
        assert (here.session, here.serial) == (there.session, there.serial)
        second = authority.member(Key(tmp_path / "second"), name="SECOND").key("inet6num")
        wait_for(lambda: any(row[0] == second for row in here.refresh()), what="the change, as a difference")
        text = authority.shown("route6", first.key("route6"))
        authority.accept([text + attributes([("delete", "away")])], [key], prev=authority.prev("route6", first.key("route6")))
        wait_for(lambda: not any(row[0] == first.key("inet6num") for row in here.refresh()), what="the withdrawal")
        assert here.vrps == authority.vrps()
        # A source that lies changes nothing, and neither does somebody who writes into the folder.
        table = cache.vrps()
        mirror.lies["/roa/head"] = mirror.lies["/roa/set"] = b"lies"
        (cache.dir / "set").write_bytes((cache.dir / "set").read_bytes() + b"vrp ffff::/16 16 AS666\n")
        head = (cache.dir / "head").read_text()
        (cache.dir / "head").write_text(head.replace("vrps 0 ", "vrps 1 "))
        wait_for(lambda: "event=head-refused" in cache.log.read_text(), what="the refusal")
        assert cache.vrps() == table
        here.close(), there.close()
        mirror.close()
        # It ends with us, even when we are killed.
        pid = int(re.search(r"(\d+)", subprocess.run(["pgrep", "-P", str(cache.process.pid)], capture_output=True,
                                                    text=True, check=True).stdout)[1])
        os.kill(cache.process.pid, signal.SIGKILL)
        cache.process.wait()
        wait_for(lambda: not os.path.exists(f"/proc/{pid}") or open(f"/proc/{pid}/stat").read().split(") ")[1][0] == "Z",
                 what="the daemon's end")
