# SPDX-License-Identifier: MIT
"""SIGHUP: what is changed in alamo.conf takes effect, connections stay, and a file with a mistake changes nothing."""

import contextlib
import json
import os
import signal
import socket
import struct
import urllib.request

import dns.message
import dns.query
import dns.rcode
import pytest
from harness import DAEMONS, RTR_END, RTR_SERIAL_QUERY, Key, Rtr, alamo, mntner, nobody_home, wait_for

SECTIONS = dict(zip(DAEMONS, ("registry", "whois", "dns", "rpki")))
HTTP = dict(zip(DAEMONS, ("log-http", "rdap", "dns-http", "roas")))


@pytest.fixture(scope="module")
def member(authority, tmp_path_factory):
    key = Key(tmp_path_factory.mktemp("keys") / "member")
    return authority.member(key).key("aut-num")


@contextlib.contextmanager
def configured(authority, program, **keys):
    """Another alamo.conf in the place of the old one, as editors do it, and back again; yields what the daemon said."""
    path = authority.dir / "alamo.conf"
    before = path.read_text()
    section = f"[{SECTIONS[program]}]\n"
    lines = "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in keys.items())
    try:
        yield replaced(authority, program, before.replace(section, section + lines))
    finally:
        replaced(authority, program, before)


def replaced(authority, program, text):
    path, log = authority.dir / "alamo.conf", authority.dir / "up.log"
    other = path.with_suffix(".new")
    other.write_text(text)
    os.replace(other, path)
    from_here = log.stat().st_size
    os.kill(authority.pid(program), signal.SIGHUP)

    def said():
        lines = [line for line in log.read_text()[from_here:].splitlines() if f" {program} event=reload" in line]
        return lines if lines and any(word in lines[-1] for word in ("=reloaded ", "=reload-refused ")) else None

    return "\n".join(wait_for(said, what=f"{program} reads alamo.conf"))


def http(authority, endpoint, path):
    host, port = authority.endpoints[endpoint]
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=20) as answer:
        return answer.read().decode()


def gauge(authority, program, name):
    lines = dict(line.rsplit(" ", 1) for line in http(authority, HTTP[program], "/metrics").splitlines() if line[0] != "#")
    return int(lines[name])


def line_of(sock, text):
    sock.sendall(text.encode() + b"\n")
    answer = b""
    while not answer.endswith(b"\n"):
        got = sock.recv(65536)
        assert got, f"closed after {answer!r}"
        answer += got
    return answer.decode()


def one_more_is_refused(address):
    with socket.create_connection(address, timeout=20) as sock:
        with contextlib.suppress(ConnectionResetError):
            return sock.recv(64)[:1] in (b"", b"%")
    return True


def test_whois(authority, member):
    with socket.create_connection(authority.endpoints["whois"], timeout=20) as early:
        assert line_of(early, "!!\n!v").startswith("A")
        with configured(authority, "alamo-whoisd", max_per_source=1, rdap_url="https://rdap.example/") as said:
            assert 'section=whois key=max-per-source value="1"' in said and "taken=2 waiting=0" in said
            assert one_more_is_refused(authority.endpoints["whois"])
            assert line_of(early, "!v").startswith("A")
            links = json.loads(http(authority, "rdap", f"/autnum/{member[2:]}"))["links"]
            assert any(link["href"].startswith("https://rdap.example/autnum/") for link in links)
        assert f"aut-num:        {member}" in authority.whois(member)
        assert line_of(early, "!v").startswith("A")


def test_dns(authority):
    host, port = authority.endpoints["dns"]
    transfer = dns.message.make_query("alamo.", "AXFR")

    def transferred():
        with socket.create_connection((host, port), timeout=20) as sock:
            dns.query.send_tcp(sock, transfer)
            return dns.query.receive_tcp(sock)[0].rcode() == dns.rcode.NOERROR

    with socket.create_connection((host, port), timeout=20) as early:
        assert transferred()
        with configured(authority, "alamo-rootd", allow_transfer="192.0.2.1", idle_seconds=77):
            assert not transferred()
            dns.query.send_tcp(early, dns.message.make_query("alamo.", "SOA"))
            assert dns.query.receive_tcp(early)[0].answer
        assert transferred()
        # What only the daemon can judge is refused as well, and the list before it holds.
        with configured(authority, "alamo-rootd", allow_transfer="key:nobody.") as said:
            assert "event=reload-refused" in said and "allow-transfer" in said
            assert transferred()


def test_rtr(authority, member):
    with contextlib.closing(Rtr(authority.endpoints["rtr"])) as early:
        wait_for(lambda: early.reset(), what="the member's route origin")

        def timers():
            early.sock.sendall(struct.pack("!BBHII", 1, RTR_SERIAL_QUERY, early.session, 12, early.serial))
            while True:
                _, kind, _, body = early.read_pdu()
                if kind == RTR_END:
                    return struct.unpack("!III", body[4:])

        before = timers()
        with configured(authority, "alamo-rpkid", refresh=77, retry=7, expire=7777):
            assert timers() == (77, 7, 7777)
        assert timers() == before
        with configured(authority, "alamo-rpkid", expire=700, refresh=700) as said:
            assert "expire must be longer" in said and timers() == before


def test_registry(authority, tmp_path):
    someone = mntner("LATER-MNT", Key(tmp_path / "later"))
    with socket.create_connection(authority.endpoints["requests"], timeout=20) as early:
        with configured(authority, "alamo-registryd", min_free_disk=1000000000, budget_key=5) as said:
            assert "taken=2 waiting=0" in said
            refused = authority.send([someone], [Key(tmp_path / "later")])
            assert not refused.accepted and "disk is nearly full" in refused.text, refused.text
        early.sendall(b"prev mntner LATER-MNT\n")
        early.shutdown(socket.SHUT_WR)
        assert early.recv(65536)
    assert authority.send([someone], [Key(tmp_path / "later")]).accepted


@pytest.mark.parametrize("program", DAEMONS)
def test_a_bad_file_and_what_needs_a_restart(authority, program):
    before = (authority.dir / "alamo.conf").read_text()
    lines = before.count("\n")
    with configured(authority, program, max_per_source=60):
        said = replaced(authority, program, f"{before}[{SECTIONS[program]}]\nmax-per-source = 3\nmax-conections = 7\n")
        assert f"alamo.conf:{lines + 3}: unknown key max-conections in [{SECTIONS[program]}]" in said
        assert "event=reload-key" not in said and gauge(authority, program, "alamo_conf_refused") == 1
    shown = alamo("status", authority.dir, check=False)
    assert gauge(authority, program, "alamo_conf_refused") == 0 and "alamo.conf" not in shown.stdout
    with configured(authority, program, listen="127.0.0.1") as said:
        assert f"event=reload-waits section={SECTIONS[program]} key=listen" in said and "taken=0 waiting=1" in said
        assert gauge(authority, program, "alamo_conf_waiting") == 1
        shown = alamo("status", authority.dir, check=False)
        assert shown.returncode == 1 and f"{program} waits for a restart to take 1 key of alamo.conf" in shown.stdout
    assert gauge(authority, program, "alamo_conf_waiting") == 0


@contextlib.contextmanager
def edited(authority, change):
    """alamo.conf as `change` makes it, and nobody told; then as before, and everybody told."""
    path = authority.dir / "alamo.conf"
    before = path.read_text()
    try:
        path.write_text(change(before))
        yield
    finally:
        path.write_text(before)
        assert "refused" not in alamo("reload", authority.dir, check=False).stdout


def reloaded(authority, code, **env):
    """What `alamo reload` says of each daemon."""
    result = alamo("reload", authority.dir, check=False, env=nobody_home() | env)
    assert result.returncode == code, result.stdout + result.stderr
    said = {program: [] for program in DAEMONS}
    for line in result.stdout.splitlines():
        program, text = line.split(None, 1)
        said[program].append(text)
    return said, result.stderr


def test_the_command(authority):
    nothing = {program: ["nothing changed"] for program in DAEMONS}
    assert reloaded(authority, 0) == (nothing, "")
    with edited(authority, lambda text: text.replace("[whois]\n", "[whois]\nmax-per-source = 41\nidle-seconds = 77\n")
                .replace("[dns]\n", "[dns]\nidle-seconds = 78\n")):
        said, _ = reloaded(authority, 0)
        assert sorted(said["alamo-whoisd"]) == ["[whois] idle-seconds = 77", "[whois] max-per-source = 41"]
        assert said["alamo-rootd"] == ["[dns] idle-seconds = 78"]
        assert said["alamo-rpkid"] == said["alamo-registryd"] == ["nothing changed"]
        assert reloaded(authority, 0)[0] == nothing      # it is in effect
    # What needs a restart is said, and what does not is taken.
    with edited(authority, lambda text: text.replace("[rpki]\n", "[rpki]\nlisten = 127.0.0.1\nrefresh = 99\n")):
        said, _ = reloaded(authority, 1)
        assert sorted(said["alamo-rpkid"]) == ["[rpki] refresh = 99", "needs a restart: [rpki] listen"]
        assert said["alamo-whoisd"] == ["nothing changed"]


def test_the_command_and_a_bad_file(authority):
    lines = (authority.dir / "alamo.conf").read_text().count("\n")
    with edited(authority, lambda text: f"{text}[whois]\nmax-conections = 7\n"):
        said, _ = reloaded(authority, 1)
        for program in DAEMONS:
            [text] = said[program]
            assert text.startswith("refused: ") and f"alamo.conf:{lines + 2}: unknown key max-conections" in text
    # What one daemon alone can judge.
    with edited(authority, lambda text: text.replace("[dns]\n", "[dns]\nallow-transfer = key:nobody.\n")):
        said, _ = reloaded(authority, 1)
        [text] = said["alamo-rootd"]
        assert text.startswith("refused: ") and "allow-transfer" in text and said["alamo-whoisd"] == ["nothing changed"]


def test_the_command_and_who_is_silent(authority, tmp_path):
    pid = authority.pid("alamo-whoisd")
    os.kill(pid, signal.SIGSTOP)
    try:
        said, why = reloaded(authority, 3, ALAMO_PATIENCE="1")
        assert "alamo-whoisd does not answer" in why and said["alamo-whoisd"] == []
        assert said["alamo-rootd"] == ["nothing changed"]
    finally:
        os.kill(pid, signal.SIGCONT)
    assert reloaded(authority, 0)[0]["alamo-whoisd"] == ["nothing changed"]
    down = alamo("reload", tmp_path, check=False)
    assert down.returncode == 1 and "is not up by `alamo up`" in down.stderr


def children(pid):
    found = {}
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            with open(f"/proc/{int(name)}/status", encoding="ascii") as file:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            if int(status["PPid"]) == pid:
                found[status["Name"]] = (int(name), status)
    return found


def test_the_opener_is_confined_and_goes_with_its_daemon(own_authority):
    for program in DAEMONS:
        pid, status = children(own_authority.pid(program))["alamo-opener"]
        assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", program
        assert sorted(os.listdir(f"/proc/{pid}/fd"), key=int) == ["0", "1", "2", "3"], program

    # Without it the daemon goes on as it is, and says so.
    pid, _ = children(own_authority.pid("alamo-rootd"))["alamo-opener"]
    os.kill(pid, signal.SIGKILL)
    assert "event=reload-refused" in replaced(own_authority, "alamo-rootd", (own_authority.dir / "alamo.conf").read_text())
    assert own_authority.dns("alamo", "SOA").answer

    pid, _ = children(own_authority.pid("alamo-whoisd"))["alamo-opener"]
    own_authority.kill9("alamo-whoisd")
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), what="the opener's end")
