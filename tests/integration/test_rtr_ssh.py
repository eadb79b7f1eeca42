# SPDX-License-Identifier: MIT
"""RTR over SSH (RFC 8210 section 9.1) by the lines of docs/operations.md: a real sshd, bird, rtrdump, and who wants more than RTR."""

import json
import os
import pwd
import re
import shutil
import socket
import subprocess

import pytest
from conftest import own_children, running
from harness import ROOT, Key, run, wait_for
from test_bird import Bird
from test_rtr_tls import metrics_of

SSHD = shutil.which("sshd", path="/usr/sbin:" + os.environ["PATH"])
pytestmark = pytest.mark.skipif(SSHD is None, reason="no sshd here: script/setup --tests")
USER = pwd.getpwuid(os.geteuid()).pw_name


def block_of(start):
    """The block of docs/operations.md that begins so."""
    text = (ROOT / "docs" / "operations.md").read_text()
    return re.search(rf"^```\n({re.escape(start)}.*?)^```$", text, re.M | re.S)[1]


class Sshd:
    def __init__(self, folder, rtr, start):
        self.folder, self.host, self.router = folder, Key(folder / "host"), Key(folder / "router")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        lines = block_of("Subsystem rpki-rtr").replace("127.0.0.1:323", f"127.0.0.1:{rtr[1]}").replace("User rtr", f"User {USER}")
        (folder / "sshd_config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.host.path}\nPidFile none\nStrictModes no\n"
            f"AuthorizedKeysFile {self.router.path}.pub\n{lines}")
        run_it = [SSHD, "-D", "-e", "-f", folder / "sshd_config"]
        if os.geteuid() == 0:    # it wants /run/sshd, which a service manager makes
            script = 'mount -t tmpfs none /run && mkdir /run/sshd && exec "$@"'
            run_it = ["unshare", "-m", "sh", "-c", script, "sh", *run_it]
        self.log = folder / "sshd.log"
        with open(self.log, "wb") as log:
            start(run_it, stderr=log)
        wait_for(lambda: b"Server listening" in self.log.read_bytes(), what="sshd")

    def known(self, key):
        file = self.folder / "known"
        file.write_text(f"[127.0.0.1]:{self.port} {key.public}\n")
        return file

    def ssh(self, *words, key=None):
        options = {"IdentitiesOnly": "yes", "UserKnownHostsFile": self.known(self.host), "StrictHostKeyChecking": "yes", "BatchMode": "yes"}
        options = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return run("ssh", "-F", "none", "-i", (key or self.router).path, "-p", self.port, *options, *words, check=False,
                   stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def over_ssh(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ssh")
    with running(folder / "dir") as authority, own_children() as start:
        authority.member(Key(folder / "member"), name="FISHER")
        wait_for(authority.vrps, what="a route origin")
        authority.sshd = Sshd(folder, authority.endpoints["rtr"], start)
        yield authority


def bird_conf(path, sshd, known):
    text = block_of("protocol rpki").replace("192.0.2.1 port 22", f"127.0.0.1 port {sshd.port}").replace('"rtr"', f'"{USER}"')
    text = text.replace("/etc/bird/rtr.known", str(known)).replace("/etc/bird/rtr", str(sshd.router.path))
    text = text.replace("protocol rpki", "protocol rpki cache")
    path.write_text(f'log "{path}.log" all;\nrouter id 10.0.0.1;\nprotocol device {{}}\nroa6 table r6;\n{text}')
    return path


def records(bird):
    """What is in its table, as RTR has it."""
    return {(prefix, int(most), int(asn)) for prefix, most, asn in
            re.findall(r"^(\S+)-(\d+) AS(\d+) ", bird.ask("show", "route", "table", "r6"), re.M)}


def open_here(authority):
    return metrics_of(authority)['alamo_connections_open{listener="rtr"}']


def test_bird(over_ssh, tmp_path):
    """The set, what changes, the cache gone and back; and gone from the cache when bird is."""
    sshd = over_ssh.sshd
    wait_for(lambda: open_here(over_ssh) == 0, what="nobody at the cache")
    with own_children() as start:
        bird = Bird(start, tmp_path, "router", bird_conf(tmp_path / "bird.conf", sshd, sshd.known(sshd.host)))
        wait_for(lambda: bird.established("cache"), timeout=60, what="the session")
        wait_for(lambda: records(bird) == over_ssh.vrps(), timeout=60, what="the set")
        over_ssh.member(Key(tmp_path / "second"), name="SECOND")
        wait_for(lambda: len(over_ssh.vrps()) > 1 and records(bird) == over_ssh.vrps(), timeout=60, what="what is new")
        assert over_ssh.kill9("alamo-rpkid")
        wait_for(lambda: not bird.established("cache"), timeout=60, what="bird to notice")
        wait_for(lambda: bird.established("cache"), timeout=120, what="the session, again")
        assert records(bird) == over_ssh.vrps()
        wait_for(lambda: open_here(over_ssh) == 1, what="one connection for it")
    wait_for(lambda: open_here(over_ssh) == 0, what="the session to end at the cache")


def test_another_key_than_known(over_ssh, tmp_path):
    sshd = over_ssh.sshd
    with own_children() as start:
        bird = Bird(start, tmp_path, "router", bird_conf(tmp_path / "bird.conf", sshd, sshd.known(Key(tmp_path / "other"))))
        wait_for(lambda: "The server key has changed" in (tmp_path / "bird.conf.log").read_text(), timeout=60, what="bird to refuse")
        assert not bird.established("cache") and not records(bird)


def test_rtrlib(over_ssh, tmp_path, children):
    """Its own client; FRR has the same library."""
    sshd, out = over_ssh.sshd, tmp_path / "said"
    with open(out, "wb") as said:
        children(["stdbuf", "-oL", "rtrclient", "ssh", "-p", "127.0.0.1", sshd.port, USER, sshd.router.path, sshd.known(sshd.host)],
                 stdout=said, stderr=subprocess.DEVNULL)

    def told():
        rows = (line.split() for line in out.read_text().splitlines() if line.startswith("+ "))
        return {(f"{address}/{length}", int(most), int(asn) % 2**32) for _, address, length, _, most, asn in rows}    # 0.8 prints them signed

    wait_for(lambda: told() == over_ssh.vrps(), timeout=60, what=f"the set in {out}")


def test_rtrdump(over_ssh, tmp_path):
    sshd, out = over_ssh.sshd, tmp_path / "dump.json"
    run("rtrdump", "-type", "ssh", "-ssh.method", "key", "-ssh.auth.user", USER, "-ssh.auth.key", sshd.router.path, "-connect",
        f"127.0.0.1:{sshd.port}", "-rtr.version", "1", "-file", out, timeout=60)
    found = {(row["prefix"], row["maxLength"], int(str(row["asn"]).lstrip("AS"))) for row in json.loads(out.read_text())["roas"]}
    assert found == over_ssh.vrps()


def test_nothing_but_rtr(over_ssh):
    """The router's key opens neither a shell nor another port, and a stranger's nothing."""
    sshd = over_ssh.sshd
    host, port = over_ssh.endpoints["whois"]
    assert "uid=" not in sshd.ssh(f"{USER}@127.0.0.1", "id").stdout
    assert "PTY allocation request failed" in sshd.ssh("-tt", f"{USER}@127.0.0.1", "id").stderr
    refused = sshd.ssh("-W", f"{host}:{port}", f"{USER}@127.0.0.1")
    assert refused.returncode != 0 and "prohibited" in refused.stderr, refused.stderr
    refused = sshd.ssh("-s", f"{USER}@127.0.0.1", "sftp")
    assert refused.returncode != 0
    stranger = Key(sshd.folder / "stranger")
    refused = sshd.ssh("-s", f"{USER}@127.0.0.1", "rpki-rtr", key=stranger)
    assert refused.returncode == 255 and "Permission denied" in refused.stderr, refused.stderr
