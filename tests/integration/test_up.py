# SPDX-License-Identifier: MIT
"""`alamo up` and `alamo down` for people: a short start, one that detaches, and reasons when it does not start."""

import os
import re
import signal
import socket
import subprocess

import pytest
from conftest import running
from harness import ALAMO, BIN, Authority, alamo, stop, wait_for
from test_join_ways import terminal


@pytest.fixture
def made(tmp_path):
    """An authority that is not up."""
    yield Authority(tmp_path / "dir")
    alamo("down", tmp_path / "dir", check=False)


def start(authority, **keywords):
    return subprocess.run([ALAMO, "up", "--detach", str(authority.dir)], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, **keywords)


def is_gone(pid):
    """Or dead, and only not collected by whoever is process 1 here."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_detached_and_down(made):
    result = start(made)
    assert result.returncode == 0 and "\nready\n" in result.stdout and "alamo down" in result.stdout
    assert result.stderr == ""
    made.read_endpoints()
    assert "HOSTMASTER-MNT" in made.whois("HOSTMASTER-MNT")
    assert "event=ready" in (made.dir / "run/log").read_text()
    again = start(made)
    assert again.returncode == 1 and "is up already" in again.stderr
    pid = int((made.dir / "run/alamo.pid").read_text())
    assert alamo("down", made.dir).stdout == "down\n"
    assert is_gone(pid)
    nothing = alamo("down", made.dir, check=False)
    assert nothing.returncode == 1 and "is not up" in nothing.stderr
    # And up again, at the ports of before.
    before = made.endpoints
    assert start(made).returncode == 0
    made.read_endpoints()
    assert made.endpoints == before


def test_short_start(made):
    """About ten lines: one a service. No warning about a library that nobody here can change."""
    result = start(made)
    lines = result.stdout.splitlines()
    assert lines.index("ready") <= 12
    assert any(re.fullmatch(r"whois 127\.0\.0\.1:\d+, \[::1\]:\d+", line) for line in lines)
    log = (made.dir / "run/log").read_text()
    assert log.count("event=sqlite-version") <= 1 and " warn alamo-registryd event=sqlite-version" not in log


def test_at_a_terminal(made, tmp_path):
    """The daemons' log is in a file there. A port that is taken ends it, which is how this one ends."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        made.configure("whois", listen="127.0.0.1")
        conf = made.dir / "alamo.conf"
        conf.write_text(re.sub(r"(\[whois\][^\[]*?\n)port = 0", rf"\1port = {port}", conf.read_text()))
        code, shown = terminal(tmp_path, ["up", "--user", os.environ["ALAMO_USER"], str(made.dir)], {})
    assert code == 1 and f"alamo-whoisd did not start: port {port} is taken by PID {os.getpid()} (" in shown
    assert len(shown.splitlines()) <= 12 and "event=" not in shown, shown
    assert "event=listen-failed" in (made.dir / "run/log").read_text()


@pytest.mark.parametrize("section, service", [("registry", "alamo-registryd"), ("whois", "alamo-whoisd"),
                                              ("dns", "alamo-rootd"), ("rpki", "alamo-rpkid")])
def test_reasons(made, section, service):
    made.configure(section, listen="192.0.2.77")
    for way in (start, lambda authority: subprocess.run([ALAMO, "up", str(authority.dir)], capture_output=True, text=True,
                                                        timeout=60, stdin=subprocess.DEVNULL)):
        result = way(made)
        assert result.returncode == 1
        assert result.stderr.splitlines()[-1] == f"alamo: {service} did not start: 192.0.2.77 is not an address of this machine"


@pytest.mark.parametrize("listen", ["localhost", "127.0.0.1:53", "127.0.0.1 ::1", ","])
def test_addresses_are_looked_at_first(tmp_path, listen):
    result = alamo("init", tmp_path / "dir", "--listen", listen, check=False)
    assert result.returncode == 2 and result.stdout == ""
    assert result.stderr.startswith("alamo: --listen: ") and len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "dir").exists()


def test_privileged_port(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give an authority away")
    if not all(parent.stat().st_mode & 1 for parent in BIN.parents):
        pytest.skip("the programs are where nobody else may look")
    authority = Authority(tmp_path / "dir")
    conf = authority.dir / "alamo.conf"
    conf.write_text(re.sub(r"(\[dns\]\n)port = 0", r"\1port = 53", conf.read_text()))
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, 65534, 65534)
    for parent in tmp_path.parents:
        if not parent.stat().st_mode & 1:
            parent.chmod(parent.stat().st_mode | 1)
    floor = int(open("/proc/sys/net/ipv4/ip_unprivileged_port_start").read())
    if floor <= 53:
        pytest.skip("any port is free for everybody here")
    result = start(authority, user=65534, group=65534, extra_groups=[])
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == "alamo: alamo-rootd did not start: port 53 needs CAP_NET_BIND_SERVICE: the units in " \
        "deploy/systemd give it, and root has it; [network] ports = default needs none"


def test_a_pid_file_is_written_in_the_end(tmp_path):
    """Where it can not be written, as on a full disk, it is tried again."""
    with running(tmp_path / "dir") as authority:
        path, old = authority.dir / "run/alamo-whoisd.pid", authority.pid("alamo-whoisd")
        path.unlink()
        (path / "in the way").mkdir(parents=True)
        os.kill(old, signal.SIGKILL)
        wait_for(lambda: "event=pid-file" in (authority.dir / "up.log").read_text(), what="the warning")
        (path / "in the way").rmdir()
        path.rmdir()
        wait_for(lambda: authority.pid("alamo-whoisd") not in (None, old), what="the new pid")


def test_log_goes_where_it_is_collected(tmp_path):
    """Not at a terminal: on standard error, as ever."""
    with running(tmp_path / "dir") as authority:
        assert "event=ready" in (authority.dir / "up.log").read_text()
        assert not (authority.dir / "run/log").exists()
        stop(authority.process)
