# SPDX-License-Identifier: MIT
"""Routers: BIRD with our RTR server lets the registered route in, drops the hijack, and follows changes.

    origin (the member's AS) ---.
                                 validator, beside the RTR server
    hijacker (a stranger's AS) -'

Each router is in a network namespace of its own.
"""

import re
import signal
import time

from conftest import running
from harness import Key, attributes, run, wait_for

VALIDATOR, HIJACKER = 4252660090, 4252660666
LINKS = {"origin": 2, "hijacker": 3}     # fca1:0:fe:N::/64, the validator has ::1 on each


def address(name, side):
    return f"fca1:0:fe:{LINKS[name]}::{side}"


def bird_conf(directory, name, number, body):
    path = directory / f"{name}.conf"
    path.write_text(f"""
log "{directory}/{name}.log" all;
router id 10.0.0.{number};
protocol device {{ scan time 60; }}
{body}
""")
    return path


def session(name, local, local_asn, neighbor, neighbor_asn, channel):
    return f"""
protocol bgp {name} {{
	local {local} as {local_asn};
	neighbor {neighbor} as {neighbor_asn};
	connect delay time 1; connect retry time 1; error wait time 1, 2;
	ipv6 {{ {channel} }};
}}
"""


def announcer(directory, name, asn, prefixes):
    routes = "".join(f"\troute {prefix} unreachable;\n" for prefix in prefixes)
    return bird_conf(directory, name, LINKS[name], f"protocol static {{ ipv6;\n{routes}}}\n" + session(
        "up", address(name, 2), asn, address(name, 1), VALIDATOR, "import none; export where source = RTS_STATIC;"))


def validator(directory, rtr, peers):
    channel = "import table on; import filter only_valid; export none;"
    sessions = "".join(session(name, address(name, 1), VALIDATOR, address(name, 2), asn, channel)
                       for name, asn in peers.items())
    return bird_conf(directory, "validator", 1, f"""
roa6 table vrps {{ min settle time 100 ms; max settle time 500 ms; }};
protocol rpki authority {{
	roa6 {{ table vrps; }};
	remote {rtr[0]} port {rtr[1]};
	retry 1; refresh 60; expire 7200;
}}
filter only_valid {{
	if roa_check(vrps, net, bgp_path.last_nonaggregated) = ROA_VALID then accept;
	reject;
}}
{sessions}
""")


def router_namespace(children, name):
    """A namespace with one link to ours; the words to run something in it."""
    process = children(["unshare", "-n", "sleep", "infinity"])
    inside = ["nsenter", "-t", process.pid, "-n"]
    wait_for(lambda: run("readlink", f"/proc/{process.pid}/ns/net").stdout != run("readlink", "/proc/self/ns/net").stdout,
             what="the namespace")
    run("ip", "link", "add", f"to-{name}", "type", "veth", "peer", "name", "up0", "netns", process.pid)
    run("ip", "-6", "addr", "add", f"{address(name, 1)}/64", "dev", f"to-{name}", "nodad")
    run("ip", "link", "set", f"to-{name}", "up")
    run(*inside, "ip", "-6", "addr", "add", f"{address(name, 2)}/64", "dev", "up0", "nodad")
    run(*inside, "ip", "link", "set", "up0", "up")
    return inside


class Bird:
    def __init__(self, children, directory, name, conf, inside=()):
        self.socket = directory / f"{name}.ctl"
        run("bird", "-p", "-c", conf)
        self.process = children([*inside, "bird", "-f", "-c", conf, "-s", self.socket, "-P", directory / f"{name}.pid"])
        wait_for(self.socket.exists, what=f"bird {name}")

    def ask(self, *words):
        return run("birdc", "-s", self.socket, *words, check=False).stdout

    def established(self, name):
        return re.search(rf"^{name}\s.*Established", self.ask("show", "protocols"), re.M)

    def has(self, prefix, asn):
        return re.search(rf"^{re.escape(prefix)}\s.*\[AS{asn}i\]", self.ask("show", "route"), re.M) is not None


def test_route_follows_the_registry(netns, own_authority, children, tmp_path):
    authority = own_authority
    inside = {name: router_namespace(children, name) for name in LINKS}
    key, other = Key(tmp_path / "member"), Key(tmp_path / "other")
    made = authority.member(key, name="FISHER")
    prefix, asn = made.key("inet6num"), int(made.key("aut-num")[2:])
    registered = authority.member(other, name="SECOND").key("inet6num")    # held by another AS

    Bird(children, tmp_path, "origin", announcer(tmp_path, "origin", asn, [prefix, registered]), inside["origin"])
    Bird(children, tmp_path, "hijacker", announcer(tmp_path, "hijacker", HIJACKER, [prefix]), inside["hijacker"])
    peers = {"origin": asn, "hijacker": HIJACKER}
    bird = Bird(children, tmp_path, "validator", validator(tmp_path, authority.endpoints["rtr"], peers))
    wait_for(lambda: bird.established("origin") and bird.established("hijacker"), timeout=30, what="BGP sessions")
    wait_for(lambda: bird.established("authority"), timeout=30, what="the RTR session")

    wait_for(lambda: bird.has(prefix, asn), timeout=20, what="the registered route")
    # The others did arrive, and were kept out.
    heard = bird.ask("show", "route", "import", "table", "hijacker.ipv6") + bird.ask(
        "show", "route", "import", "table", "origin.ipv6")
    assert prefix in heard and registered in heard, heard
    assert not bird.has(prefix, HIJACKER) and not bird.has(registered, asn)

    # Deleted: gone within 5 s, no restart and no reconfiguration of anything.
    since = bird.ask("show", "status")
    route = authority.shown("route6", made.key("route6"))
    authority.accept([route + attributes([("delete", "moved away")])], [key],
                     prev=authority.prev("route6", made.key("route6")))
    wait_for(lambda: not bird.has(prefix, asn), timeout=5, what="the route to go")

    # Back, and gone again, right after one another: a notification just sent must not hold the next one up.
    authority.accept([route], [key], prev=authority.prev("route6", made.key("route6")))
    wait_for(lambda: bird.has(prefix, asn), timeout=10, what="the route to come back")
    authority.accept([route + attributes([("delete", "moved away again")])], [key],
                     prev=authority.prev("route6", made.key("route6")))
    wait_for(lambda: not bird.has(prefix, asn), timeout=5, what="the route to go again")

    assert re.search(r"Last reboot on .*", since)[0] == re.search(r"Last reboot on .*", bird.ask("show", "status"))[0]
    assert re.search(r"Last reconfiguration on .*", since)[0] in bird.ask("show", "status")


def test_two_routers_share_one_session_each(authority, key):
    """v0 and v1 side by side, a delta for who was there, nothing lost for who comes later."""
    early0, early1 = authority.rtr(0), authority.rtr(1)
    early0.reset()
    early1.reset()
    made = authority.member(key, name="DELTA")
    vrp = (made.key("inet6num"), 48, int(made.key("aut-num")[2:]))

    def arrived(session):
        return wait_for(lambda: vrp in session.refresh(), what=f"the delta in version {session.version}")

    arrived(early0)
    arrived(early1)
    assert early0.vrps == early1.vrps == authority.vrps(1) == authority.vrps(0)
    early0.close()
    early1.close()


def test_cache_reset_among_changes(tmp_path, children):
    """bird waits before it asks for everything, and a Notify begins that wait anew: changes must not keep it waiting."""
    with running(tmp_path / "dir", conf={"rpki": {"history": 1, "retry": 3, "notify_seconds": 0}}) as authority:
        keys = [Key(tmp_path / f"k{i}") for i in range(3)]
        path = bird_conf(tmp_path, "router", 1, f"""
roa6 table vrps;
protocol rpki authority {{
	roa6 {{ table vrps; }};
	remote {authority.endpoints["rtr"][0]} port {authority.endpoints["rtr"][1]};
}}
""")
        bird = Bird(children, tmp_path, "router", path)

        def knows(made):
            return f"{made.key('inet6num')}-48" in bird.ask("show", "route", "table", "vrps")

        first = authority.member(keys[0], name="FIRST")
        wait_for(lambda: knows(first), what="the first route in bird")
        # It sleeps while the cache forgets what it had, and wakes up to a Cache Reset.
        bird.process.send_signal(signal.SIGSTOP)
        missed = [authority.member(keys[1], name="MISSED"), authority.member(keys[2], name="LATER")]
        wait_for(lambda: len({made.key("inet6num") for made in missed} & {row[0] for row in authority.vrps()}) == 2,
                 what="the changes in the cache")
        bird.process.send_signal(signal.SIGCONT)
        route = authority.shown("route6", first.key("route6"))
        for _ in range(12):    # four waits long, a change each second
            authority.accept([route + attributes([("delete", "away")])], [keys[0]],
                             prev=authority.prev("route6", first.key("route6")))
            time.sleep(0.5)
            authority.accept([route], [keys[0]], prev=authority.prev("route6", first.key("route6")))
            time.sleep(0.5)
            if all(knows(made) for made in missed):
                break
        else:
            raise AssertionError("bird never got to ask: " + bird.ask("show", "protocols", "all"))
