# SPDX-License-Identifier: MIT
"""What the integration tests are made of: an authority of their own, keys, requests, clients."""

import contextlib
import ipaddress
import os
import pwd
import random
import re
import resource
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rdataclass
import dns.rdatatype

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("ALAMO_BIN", ROOT / "build" / "release" / "bin"))
ALAMO = str(BIN / "alamo")
# Debian's name servers and routers are there, which is in root's PATH only.
os.environ["PATH"] += ":/usr/sbin:/sbin"
os.environ.setdefault("ALAMO_USER", pwd.getpwuid(os.geteuid()).pw_name)    # `alamo up` as root wants to be told
DAEMONS = ("alamo-registryd", "alamo-whoisd", "alamo-rootd", "alamo-rpkid")
SETTLE_S = 15
# For [registry]: no budgets, so that a test may send as much as it needs.
UNPAID = {"budget_source": 0, "budget_network": 0, "budget_key": 0, "budget_maintainer": 0}



@contextlib.contextmanager
def room_for_descriptors():
    """As many as the hard limit allows, for what is started meanwhile too: a process begins with the soft one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def wait_for(check, timeout=SETTLE_S, what="condition"):
    """Calls check() until it gives something true, which is returned. No connection or no answer is not true."""
    end = time.monotonic() + timeout
    while True:
        value, trouble = None, ""
        try:
            value = check()
        except (OSError, dns.exception.Timeout) as error:
            trouble = f": {error!r}"
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s in vain for {what}{trouble}")
        time.sleep(0.05)


def run(*command, check=True, text=True, timeout=120, **keywords):
    """A command's result; on failure its output is part of the message."""
    words = [str(word) for word in command]
    result = subprocess.run(words, capture_output=True, text=text, timeout=timeout, **keywords)
    if check and result.returncode != 0:
        raise AssertionError(f"{command} gave {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result


def nobody_home():
    """An environment in which no network is pinned, and nothing of the person who runs the tests is read or written."""
    return {name: value for name, value in os.environ.items() if not name.startswith("XDG_")} | {"HOME": "/nonexistent"}


def alamo(*words, env=None, **keywords):
    return run(ALAMO, *words, env=env or nobody_home(), **keywords)


def stop(process, timeout=20):
    """Ends a child by its own id."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# ---- keys and signatures ----


class Key:
    """An SSH key pair, signing with ssh-keygen as a member would."""

    def __init__(self, path):
        self.path = Path(path)
        if not self.path.exists():
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", self.path)
        self.public = " ".join(Path(f"{self.path}.pub").read_text().split()[:2])

    def sign(self, text, namespace="registry@alamo"):
        data = text if isinstance(text, bytes) else text.encode()
        return run("ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", self.path, input=data, text=False).stdout


def attributes(pairs):
    return "".join(f"{name + ':':<16}{value}\n" for name, value in pairs)


def obj(*pairs, mnt, source="ALAMO"):
    """One object's text: obj(("aut-num", "AUTO-1"), ("as-name", "X"), mnt="X-MNT")."""
    return attributes(list(pairs) + [("mnt-by", mnt), ("source", source)])


def mntner(name, key, source="ALAMO"):
    return obj(("mntner", name), ("auth", key.public), mnt=name, source=source)


def request_text(objects, name=None, prev="none", headers=()):
    head = [("request", name or f"test-{random.getrandbits(48):x}"), ("prev", prev), *headers]
    return attributes(head) + "\n" + "\n".join(objects)


class Answer:
    """The registry's answer to one request."""

    def __init__(self, text):
        self.text = text
        self.index = None
        self.objects = []      # (action, succeeded, class, key)
        for line in text.splitlines():
            if line.startswith("% receipt: index "):
                self.index = int(line.split()[3].rstrip(","))
            for outcome in (" SUCCEEDED: [", " FAILED: [", " HELD: ["):
                if line.startswith("  ") and outcome in line:
                    action, rest = line.strip().split(outcome, 1)
                    cls, key = rest.split("] ", 1)
                    self.objects.append((action, outcome.startswith(" S"), cls, key))
        self.accepted = self.index is not None

    def key(self, cls):
        return next(key for _, _, found, key in self.objects if found == cls)


# ---- RTR (RFC 6810, RFC 8210) ----

RTR_NOTIFY, RTR_SERIAL_QUERY, RTR_RESET_QUERY, RTR_RESPONSE = 0, 1, 2, 3
RTR_IPV4, RTR_IPV6, RTR_END, RTR_RESET, RTR_ROUTER_KEY, RTR_ERROR, RTR_ASPA = 4, 6, 7, 8, 9, 10, 11


class Rtr:
    """A router's side of one RTR session."""

    def __init__(self, address, version=1, timeout=30):
        self.sock = socket.create_connection(address, timeout=timeout)
        self.version = version
        self.session = self.serial = None
        self.vrps = set()      # (prefix, max length, AS number)
        self.aspas = {}        # version 2: customer -> providers
        self.notified = 0

    def close(self):
        self.sock.close()

    def read_exact(self, count):
        data = b""
        while len(data) < count:
            got = self.sock.recv(count - len(data))
            if not got:
                raise ConnectionError("cache closed the session")
            data += got
        return data

    def read_pdu(self):
        version, kind, field, length = struct.unpack("!BBHI", self.read_exact(8))
        return version, kind, field, self.read_exact(length - 8)

    def reset(self):
        """The whole set."""
        self.vrps, self.aspas = set(), {}
        self.sock.sendall(struct.pack("!BBHI", self.version, RTR_RESET_QUERY, 0, 8))
        return self.read_response()

    def refresh(self):
        """What changed since the last response; the whole set when the cache says so."""
        self.sock.sendall(struct.pack("!BBHII", self.version, RTR_SERIAL_QUERY, self.session, 12, self.serial))
        return self.read_response()

    def read_response(self):
        while True:
            version, kind, field, body = self.read_pdu()
            assert version == self.version, (version, kind)
            if kind == RTR_NOTIFY:
                self.notified += 1
            elif kind == RTR_RESPONSE:
                assert self.session in (None, field)
                self.session = field
            elif kind in (RTR_IPV4, RTR_IPV6):
                self.take_prefix(kind, body)
            elif kind == RTR_ASPA and version == 2:
                self.take_aspa(field, body)
            elif kind == RTR_RESET:
                self.session = None
                return self.reset()
            elif kind == RTR_END:
                self.serial = struct.unpack("!I", body[:4])[0]
                return self.vrps
            elif kind == RTR_ERROR:
                raise AssertionError(f"RTR error {field}: {body!r}")
            else:
                raise AssertionError(f"PDU of type {kind} in version {version}")

    def take_prefix(self, kind, body):
        flags, length, most = body[0], body[1], body[2]
        size = 4 if kind == RTR_IPV4 else 16
        prefix = ipaddress.ip_network((body[4 : 4 + size], length))
        vrp = (str(prefix), most, struct.unpack("!I", body[4 + size : 8 + size])[0])
        if flags & 1:
            assert vrp not in self.vrps, f"announced twice: {vrp}"
            self.vrps.add(vrp)
        else:
            self.vrps.remove(vrp)


    def take_aspa(self, field, body):
        """An announcement replaces the customer's whole list, a withdrawal has none (8210bis-27)."""
        assert field in (0x0100, 0) and len(body) % 4 == 0, (field, body)
        customer, *providers = struct.unpack(f"!{len(body) // 4}I", body)
        assert providers == sorted(set(providers)) and 0 not in providers, providers
        if field:
            assert providers, customer
            self.aspas[customer] = providers
        else:
            assert not providers
            del self.aspas[customer]


# ---- an authority ----


LIMITS = re.compile(r"(assign-(share|tree|rate)|quota-\w+|join-rate|vouch-\w+|reserved-name):")


def plan_without_limits(beside):
    """The default plan for tests that register more, and other names, than it gives to one person."""
    path = Path(f"{beside}.plan")
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (ROOT / "deploy/plan/alamo.plan").read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not LIMITS.match(line)))
    return path


class Authority:
    """`alamo init` and `alamo up` in a directory of their own; every process ends by its id."""

    def __init__(self, path, plan=None, ports="any", listen="127.0.0.1, ::1", network="alamo", conf=None,
                 inside=(), made=False):
        """`inside`: the words that run a command on the machine whose authority it is; `made`: the folder is an authority already."""
        self.dir, self.inside = Path(path), list(inside)
        self.network = network
        self.namespace = f"registry@{network}"
        self.process = None
        self.endpoints = {}
        if not made:
            words = ["init", self.dir, "--ports", ports, "--listen", listen]
            if plan is None:
                plan = plan_without_limits(self.dir)
            alamo(*words, *(["--plan", plan] if plan else []))
        self.hostmaster = Key(self.dir / "keys" / "hostmaster")
        for section, keys in (conf or {}).items():
            self.configure(section, **keys)

    def configure(self, section, **keys):
        """Adds keys to a section of alamo.conf."""
        conf = self.dir / "alamo.conf"
        lines = "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items())
        conf.write_text(conf.read_text().replace(f"[{section}]\n", f"[{section}]\n{lines}", 1))

    def start(self):
        self.log = open(self.dir / "up.log", "ab")
        command = [*self.inside, ALAMO, "up", str(self.dir)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        for line in self.process.stdout:
            if line == "ready\n":
                break
        else:
            raise AssertionError("alamo up did not get ready:\n" + (self.dir / "up.log").read_text()[-4000:])
        self.read_endpoints()
        return self

    def read_endpoints(self):
        self.endpoints = {}
        for line in (self.dir / "run" / "endpoints").read_text().splitlines():
            name, address = line.split()
            host, port = address.rsplit(":", 1)
            self.endpoints.setdefault(name, (host.strip("[]"), int(port)))

    def stop(self):
        if self.process is not None:
            stop(self.process)
            self.process.stdout.close()
            self.log.close()
            self.process = None
            said = (self.dir / "up.log").read_text(errors="replace")
            assert not re.search(r"Sanitizer|runtime error:", said), said[-6000:]

    def pid(self, program):
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int((self.dir / "run" / f"{program}.pid").read_text())
        return None

    def kill9(self, program):
        """Kills one daemon; False when it was not running at that moment."""
        pid = self.pid(program)
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    def server(self):
        host, port = self.endpoints["requests"]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def environment(self):
        host, port = self.endpoints["whois"]
        return nobody_home() | {"ALAMO_SERVER": self.server(), "ALAMO_WHOIS": f"{host}:{port}", "HOME": str(self.dir)}

    def cli(self, *words, **keywords):
        return alamo(*words, env=self.environment(), **keywords)

    # -- request port

    def talk(self, data, timeout=60):
        """Bytes to the request port, half-close, everything that comes back."""
        with socket.create_connection(self.endpoints["requests"], timeout=timeout) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            answer = b""
            while got := sock.recv(65536):
                answer += got
        return answer.decode()

    def ask(self, question):
        answer = self.talk(question.encode() + b"\n")
        assert answer.endswith("% end\n"), answer
        return answer[: -len("% end\n")]

    def signed(self, objects, keys, **header):
        text = request_text(objects, **header).encode()
        return text + b"".join(key.sign(text, self.namespace) for key in keys)

    def send(self, objects, keys, **header):
        return Answer(self.talk(self.signed(objects, keys, **header)))

    def accept(self, objects, keys, **header):
        answer = self.send(objects, keys, **header)
        assert answer.accepted, answer.text
        return answer

    def prev(self, cls, key):
        return self.ask(f"prev {cls} {key}").split()[1]

    def shown(self, cls, key):
        """An object's text, to be edited and sent back."""
        return "".join(line for line in self.cli("show", cls, key).stdout.splitlines(True) if line[0] != "%")

    def member(self, key, name="FISHER", domain=None, records=(), length=48):
        """Joins by one request; the answer."""
        mnt = f"{name}-MNT"
        objects = [
            mntner(mnt, key),
            obj(("aut-num", "AUTO-1"), ("as-name", f"{name}-AS"), mnt=mnt),
            obj(("inet6num", f"AUTO-2/{length}"), ("netname", f"{name}-NET"), mnt=mnt),
            obj(("route6", f"AUTO-2/{length}"), ("origin", "AUTO-1"), mnt=mnt),
        ]
        if domain:
            objects.append(obj(("domain", domain), *(("record", record) for record in records), mnt=mnt))
        return self.accept(objects, [key])

    # -- the others

    def whois(self, query, timeout=30):
        with socket.create_connection(self.endpoints["whois"], timeout=timeout) as sock:
            sock.sendall(query.encode() + b"\r\n")
            answer = b""
            while got := sock.recv(65536):
                answer += got
        return answer.decode()

    def dns(self, name, kind, dnssec=False, tcp=False, timeout=5):
        host, port = self.endpoints["dns"]
        query = dns.message.make_query(name, kind, want_dnssec=dnssec)
        query.flags &= ~dns.flags.RD
        if not tcp:
            answer = dns.query.udp(query, host, port=port, timeout=timeout)
            if not answer.flags & dns.flags.TC:
                return answer
        return dns.query.tcp(query, host, port=port, timeout=timeout)

    def rtr(self, version=1):
        return Rtr(self.endpoints["rtr"], version)

    def vrps(self, version=1):
        session = self.rtr(version)
        try:
            return session.reset()
        finally:
            session.close()

    def approve(self, number, check=True):
        """The hostmaster reads a waiting request and signs what was shown."""
        boss = ("--key", self.hostmaster.path)
        shown = self.cli("queue", "show", number).stdout
        digest = re.search(r"--hash ([0-9a-f]{64})$", shown, re.M)[1]
        return self.cli("queue", "approve", number, "--hash", digest, *boss, check=check)

    def verify(self):
        return alamo("verify", self.dir)


def records(message, name, kind):
    """The data of one RRset of the answer section, as text."""
    rrset = message.get_rrset(
        message.answer, dns.name.from_text(name), dns.rdataclass.IN, dns.rdatatype.from_text(kind)
    )
    return sorted(str(data) for data in rrset) if rrset else []
