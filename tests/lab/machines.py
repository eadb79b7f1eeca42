# SPDX-License-Identifier: MIT
"""Machines and wires between them, in the network namespace that we are in.

Each machine is a network and mount namespace of its own, with /etc, /var, /run and /tmp that nobody else sees, and a bird that
its distribution started, or, once the node asks for it, FRR. Tunnels are WireGuard's (wireguard-go where the kernel has none).
"""

import contextlib
import os
import re
import shutil
import subprocess

from harness import ALAMO, nobody_home, run, wait_for

WIRE = "192.0.2"
PROGRAMS = ("wg-quick", "bird", "nft", "ip", "ping")
SETUP = """
set -e
mkdir -p {home} && mount -t tmpfs none {home}
for dir in etc var; do
	mkdir -p {home}/$dir/up {home}/$dir/work
	mount -t overlay overlay -o lowerdir=/$dir,upperdir={home}/$dir/up,workdir={home}/$dir/work /$dir
done
mount -t tmpfs none /run
mkdir -p /run/bird /run/wireguard /etc/bird /etc/wireguard {home}/bin
! test -d /etc/frr || install -d -o frr -g frr /run/frr
rm -f /etc/wireguard/* /etc/unbound/unbound.conf.d/alamo.conf
printf 'router id 10.0.0.{number};\\nprotocol device {{ }}\\n# what was here before\\n' >/etc/bird/bird.conf
cat >{home}/bin/systemctl <<'INIT'
{init}
INIT
chmod 755 {home}/bin/systemctl
cp {home}/bin/systemctl {home}/bin/systemd-run
ip link set lo up
sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
ip addr add {wire}.{number}/24 dev up0
ip link set up0 up
"""
# What stands for the machine's init: it knows how Debian starts these services, and starts what systemd-run is told to. They
# end with the machine, by the files in /run/started.
INIT = r"""#!/bin/sh
case "$1 $2" in
"restart unbound")
	cp -n /usr/share/dns/root.key /var/lib/unbound/root.key && chown -R unbound: /var/lib/unbound
	set -- unbound unbound -d -c /etc/unbound/unbound.conf ;;
"restart frr") exec /usr/lib/frr/frrinit.sh restart ;;
"restart nginx") set -- nginx nginx -g "daemon off;" ;;
"restart ngircd")
	install -d -o irc -g irc /run/ngircd
	set -- ngircd setpriv --reuid irc --regid irc --init-groups ngircd -n ;;
"restart opensmtpd") set -- opensmtpd smtpd -F ;;
"restart teeworlds-server")
	install -d -o games -g games /run/teeworlds
	set -- teeworlds setpriv --reuid games --regid games --clear-groups env HOME=/run/teeworlds \
		/usr/games/teeworlds-server -f /etc/teeworlds/server.cfg ;;
"restart prosody")
	install -d -o prosody -g prosody /run/prosody
	set -- prosody setpriv --reuid prosody --regid prosody --init-groups prosody -F ;;
--unit=*)
	unit=${1#--unit=}
	shift
	[ "$1" != -p ] || { user=${2#User=}; shift 2; set -- setpriv --reuid "$user" --regid "$user" --clear-groups "$@"; }
	set -- "$unit" "$@" ;;
*) echo "no such service here: $*" >&2; exit 1 ;;
esac
unit=$1 started=/run/started/$1
shift
mkdir -p /run/started
if [ -s "$started" ]; then
	old=$(cat "$started")
	kill "$old" 2>/dev/null
	while kill -0 "$old" 2>/dev/null; do sleep 0.05; done
fi
setsid "$@" >"/run/started.$unit.log" 2>&1 </dev/null &
echo $! >"$started"
"""


class NotHere(Exception):
    """What the lab is made of is missing; the text says what."""


class Machine:
    def __init__(self, internet, name, number, holder):
        self.internet, self.name, self.number, self.holder = internet, name, number, holder
        self.address = f"{WIRE}.{number}"
        self.home = internet.folder / name
        self.inside = ["nsenter", "-t", str(holder.pid), "-n", "-m", "-r", "--wdns=/"]
        self.typed, self.wires, self.bird, self.router = [], {}, None, "bird"
        path = f"{self.home}/bin:/usr/sbin:/sbin:{os.environ['PATH']}"
        self.env = nobody_home() | {"HOME": str(self.home), "PATH": path}

    def run(self, *words, check=True, timeout=120, **keywords):
        return run(*self.inside, *words, check=check, env=self.env, timeout=timeout, **keywords).stdout

    def start(self, *words, **keywords):
        """A program that stays."""
        return self.internet.start([*self.inside, *words], env=self.env, **keywords)

    def start_bird(self, program="bird"):
        # What bird.ctl says of a bird that was killed is nobody's answer.
        self.run("rm", "-f", "/run/bird/bird.ctl")
        self.bird = self.start(program, "-f", "-c", "/etc/bird/bird.conf", "-s", "/run/bird/bird.ctl")
        wait_for(lambda: run(*self.inside, "test", "-S", "/run/bird/bird.ctl", check=False).returncode == 0, what="bird",
                 timeout=60)

    def alamo(self, *words, check=True):
        """As the person types it."""
        self.typed.append(words)
        return self.run(ALAMO, *words, check=check)

    def type(self, *words):
        """A command that stays a while: its process, whose standard output is a pipe."""
        self.typed.append(words)
        return self.start(ALAMO, *words, stdout=subprocess.PIPE, text=True)

    def birdc(self, *words):
        return self.run("birdc", *words, check=False)

    def vtysh(self, *commands):
        return self.run("vtysh", *(word for command in commands for word in ("-c", command)), check=False)

    def reaches(self, address):
        return "1 received" in self.run("ping", "-6", "-n", "-c", "1", "-W", "1", address, check=False)

    def hears(self, name, kind="AAAA"):
        """What the machine's own resolver says: (addresses, was it validated)."""
        said = self.run("dig", "@127.0.0.1", "+tries=1", "+time=5", "+dnssec", name, kind, check=False)
        flags = re.search(r"^;; flags: ([a-z ]*);", said, re.M)
        return re.findall(rf"\sIN\s+{kind}\s+(\S+)$", said, re.M), flags is not None and "ad" in flags[1].split()

    def state(self):
        """For a failure's report."""
        return f"-- {self.name}\n" + "\n".join(self.run("sh", "-c", f"{words} 2>&1", check=False) for words in (
            "vtysh -c 'show bgp summary' -c 'show bgp ipv6' -c 'show rpki cache-connection' -c 'show running-config'" if self.router == "frr" else "true",
            "birdc show protocols", "birdc show route", "birdc show route table alamo_origins", "birdc show bfd sessions",
            "ip -6 route", "ip -6 addr", "wg show", "nft list ruleset", "cat /var/lib/alamo/node/babeld.log"))

    def close(self):
        # Tunnels in user space are processes of their own, which end with their interface; so does what has a pid file.
        for link in re.findall(r"al-\d+", self.run("ip", "-o", "link", check=False)):
            self.run("ip", "link", "del", link, check=False)
        self.run("sh", "-c", "for file in /run/started/*; do kill $(cat $file); done", check=False)
        # watchfrr first: it would start the others again.
        self.run("sh", "-c", "cd /run/frr && for name in watchfrr bgpd bfdd staticd zebra; do kill $(cat $name.pid); done", check=False)
        self.run("sh", "-c", "! test -s /run/alamo-mesh.pid || kill $(cat /run/alamo-mesh.pid)", check=False)


class Internet:
    """A bridge to which every machine has a line, and wires between two of them for what is to be cut."""

    def __init__(self, folder, start):
        """`start` runs a command that is ended when the lab is."""
        missing = [name for name in PROGRAMS if shutil.which(name, path="/usr/sbin:/sbin:" + os.environ["PATH"]) is None]
        if missing:
            raise NotHere(f"no {', '.join(missing)} here: script/setup --tests")
        self.folder, self.start, self.machines = folder, start, []
        run("ip", "link", "add", "wire", "type", "bridge")
        run("ip", "addr", "add", f"{WIRE}.254/24", "dev", "wire")
        run("ip", "link", "set", "wire", "up")

    def machine(self, name, number, router="bird"):
        holder = self.start(["unshare", "-n", "-m", "--propagation", "private", "sleep", "infinity"])
        wait_for(lambda: os.readlink(f"/proc/{holder.pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt"), what="namespaces")
        machine = Machine(self, name, number, holder)
        run("ip", "link", "add", f"to-{number}", "type", "veth", "peer", "name", "up0", "netns", holder.pid)
        run("ip", "link", "set", f"to-{number}", "master", "wire", "up")
        script = SETUP.format(home=machine.home, number=number, wire=WIRE, init=INIT)
        probe = run(*machine.inside, "sh", "-c", script, check=False)
        if "overlay" in probe.stderr:
            raise NotHere(f"no overlay mounts here: {probe.stderr}")
        assert probe.returncode == 0, probe.stderr
        self.machines.append(machine)
        machine.router = router
        if router == "frr" and run(*machine.inside, "test", "-x", "/usr/lib/frr/frrinit.sh", check=False).returncode != 0:
            raise NotHere("no FRR here: script/setup --tests")
        if router == "bird":
            machine.start_bird()
        return machine

    def wire(self, a, b):
        """A line of their own: packets between the two go this way or not at all."""
        ours, theirs = f"w{a.number}-{b.number}", f"w{b.number}-{a.number}"
        run(*a.inside, "ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", str(b.holder.pid))
        for machine, link, other in ((a, ours, b), (b, theirs, a)):
            machine.wires[other.name] = link
            machine.run("ip", "link", "set", link, "up")
            machine.run("ip", "route", "add", f"{other.address}/32", "dev", link, "src", machine.address)
            # When the line is down the bridge is no way round.
            machine.run("ip", "route", "add", "unreachable", f"{other.address}/32", "metric", "9999")

    def close(self):
        for machine in self.machines:
            with contextlib.suppress(AssertionError, OSError):
                machine.close()
