# SPDX-License-Identifier: MIT
"""Ways to join: at a terminal, by an invitation, by flags; what is told, and that it works as it is printed."""

import json
import os
import pty
import re
import select
import shlex
import subprocess
import time

import pytest
from conftest import running
from harness import ALAMO, BIN, alamo, mntner, obj, run


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def environment(home):
    return {"HOME": str(home), "PATH": f"{BIN}:/usr/bin:/bin"}


def cli(home, *words, check=True, **keywords):
    return alamo(*words, env=environment(home), check=check, stdin=subprocess.DEVNULL, cwd=home, **keywords)


def terminal(home, words, answers, timeout=60):
    """Runs alamo at a terminal; `answers` maps a piece of a question to what is typed. All that was shown."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(home)
        os.execve(ALAMO, [ALAMO, *words], environment(home))
    shown, seen, left = b"", 0, dict(answers)
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if not select.select([fd], [], [], 0.2)[0]:
            continue
        try:
            got = os.read(fd, 65536)
        except OSError:  # the other side is gone
            break
        if not got:
            break
        shown += got
        for question in list(left):
            at = shown.find(question.encode(), seen)
            if at >= 0 and re.search(rb": $", shown[at:]):
                os.write(fd, left.pop(question).encode() + b"\n")
                seen = len(shown)
    os.close(fd)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code, shown.decode(errors="replace").replace("\r\n", "\n")


def next_lines(text):
    """The commands behind "Next:"."""
    return re.findall(r"^  (\S.*)$", text.split("\nNext:\n")[1], re.M)


def works(home, line):
    return subprocess.run(line, shell=True, cwd=home, env=environment(home), capture_output=True, text=True, timeout=60)


def test_next_lines_work_as_printed(authority, home):
    """From a machine that knows nothing but the registry's address; later commands need no option."""
    done = cli(home, "join", "--name", "NEXT", "--new-key", "--domain", "next", "--server", authority.server())
    config = (home / ".config/alamo/config").read_text()
    host, port = authority.endpoints["whois"]
    for line in (f"server = {authority.server()}", f"whois = {host}:{port}", f"key = {home}/.ssh/id_ed25519"):
        assert f"{line}\n" in config
    lines = next_lines(done.stdout)
    for start in ("whois -h", "alamo verify", "alamo help node"):
        assert any(line.startswith(start) for line in lines), start
    for line in lines:
        if line.startswith("alamo submit"):
            with open(home / line.split()[-1], "a") as file:
                file.write("remarks: changed\n")
        result = works(home, line)
        assert result.returncode == 0, (line, result.stdout, result.stderr)
        if "submit" in line:
            assert "Modify SUCCEEDED" in result.stdout


def test_next_lines_beside_another_configuration(authority, home):
    """A configuration that names another registry stays, and the lines name this one."""
    (home / ".config/alamo").mkdir(parents=True)
    (home / ".config/alamo/config").write_text("server = 127.0.0.1:1\n")
    done = cli(home, "join", "--name", "BESIDE", "--new-key", "--server", authority.server())
    assert (home / ".config/alamo/config").read_text() == "server = 127.0.0.1:1\n"
    for line in next_lines(done.stdout):
        result = works(home, line)
        assert result.returncode == 0, (line, result.stdout, result.stderr)


def test_taken_or_ones_own(authority, home, key):
    words = ("join", "--name", "POPULAR", "--server", authority.server())
    assert "Welcome" in cli(home, *words, "--key", key.path).stdout
    own = cli(home, *words, "--key", key.path, check=False)
    assert own.returncode == 1 and "POPULAR is yours already" in own.stderr and own.stdout == ""
    other = cli(home, *words, "--new-key", "--key", home / "other", check=False)
    assert other.returncode == 1 and "POPULAR is taken" in other.stderr and "***Error" not in other.stdout
    for found, word in ((key.path, "yours already"), (home / "other", "is taken")):
        got = json.loads(cli(home, *words, "--key", found, "--json", check=False).stdout)
        assert got["accepted"] is False and got["index"] is None and word in got["errors"][0]


def test_failures_as_json(authority, home, key, tmp_path):
    """Whatever goes wrong behind the options: one JSON object, not accepted, with reasons."""
    file = tmp_path / "object"
    file.write_text(mntner("JSON-MNT", key))
    there, nowhere = ("--server", authority.server()), ("--server", "127.0.0.1:1")
    for words, code in ((("join", "--name", "JSON", "--json", "--key", key.path, *nowhere), 3),
                        (("submit", file, "--json", "--key", key.path, *nowhere), 3),
                        (("join", "--name", "JSON", "--json", "--key", home / "none", *there), 2),
                        (("join", "--name", "JSON", "--len", "64", "--json", "--key", key.path, *there), 2),
                        (("submit", file, "--json", "--key", home / "none", *there), 2)):
        result = cli(home, *words, check=False)
        got = json.loads(result.stdout)
        assert result.returncode == code and got["accepted"] is False and got["errors"], (words, result)


def test_configuration_is_added_to(authority, home, key):
    """A key named by a relative path is found from everywhere; what the file says already stays."""
    (home / ".config/alamo").mkdir(parents=True)
    config = home / ".config/alamo/config"
    config.write_text("# mine\nwhois = 192.0.2.1:43")
    for suffix in ("", ".pub"):
        (home / f"here{suffix}").write_bytes((key.path.parent / f"{key.path.name}{suffix}").read_bytes())
        (home / f"here{suffix}").chmod(0o600)
    cli(home, "join", "--name", "ADDS", "--key", "here", "--server", authority.server())
    text = config.read_text()
    assert text.startswith("# mine\nwhois = 192.0.2.1:43\n") and text.count("whois =") == 1
    assert f"server = {authority.server()}\n" in text and f"key = {home}/here\n" in text


def test_keys(authority, home):
    (home / ".ssh").mkdir()
    server = ("--server", authority.server())
    nothing = cli(home, "join", "--name", "KEYS", *server, check=False)
    assert nothing.returncode == 2 and "--new-key" in nothing.stderr and "--key" in nothing.stderr
    run("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", home / ".ssh/id_rsa")
    rsa = cli(home, "join", "--name", "KEYS", *server, check=False)
    assert rsa.returncode == 2 and "id_rsa" in rsa.stderr and "--new-key" in rsa.stderr and "ssh-ed25519" in rsa.stderr
    named = cli(home, "join", "--name", "KEYS", "--key", home / ".ssh/id_rsa", *server, check=False)
    assert named.returncode == 2 and "ssh-keygen -t ed25519" in named.stderr
    # One of another name is found.
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / ".ssh/work")
    found = cli(home, "join", "--name", "KEYS", *server)
    assert f"signing with {home}/.ssh/work" in found.stderr and "Welcome" in found.stdout
    assert f"key = {home}/.ssh/work\n" in (home / ".config/alamo/config").read_text()
    # With --new-key beside the RSA one.
    for name in ("work", "work.pub"):
        (home / ".ssh" / name).unlink()
    (home / ".config/alamo/config").unlink()
    assert "Welcome" in cli(home, "join", "--name", "KEYS-NEW", "--new-key", *server).stdout
    assert (home / ".ssh/id_ed25519.pub").exists()


@pytest.mark.parametrize("words, said", [
    (["--name", "X", "--len", "x"], "--len: 1 to 64, not \"x\""),
    (["--name", "X", "--len", "64"], "--len: 40 to 48"),
    (["--name", "X", "--len", "39"], "--len: 40 to 48"),
    (["--name", "X", "--len4", "27"], "--len4: the network hands out no IPv4 blocks"),
    (["--name", "9X"], "--name: 1 to 60 letters"),
    (["--name", "X" * 90], "--name: 1 to 60 letters"),
    (["--name", "X", "--host", "www=::1"], "--host: there is no --domain"),
    (["--name", "X", "--domain", "x", "--host", "www"], "a host must be NAME=ADDRESS"),
    (["FISHER"], "a name is given with --name"),
    (["alamo1-AAAA"], "mistyped"),
    ([], "--name NAME is missing"),
])
def test_what_is_wrong_is_named(authority, home, key, words, said):
    before = authority.ask("head")
    result = cli(home, "join", *words, "--key", key.path, "--server", authority.server(), check=False)
    assert result.returncode in (1, 2) and said in result.stderr and "usage:" not in result.stderr
    assert authority.ask("head") == before


def test_at_a_terminal(authority, home):
    answers = {"The registry's address": authority.server(), "Your name there": "Terminal", "A domain name": "terminal",
               "Make one?": "y"}
    code, shown = terminal(home, ["join"], answers)
    assert code == 0 and "Welcome to alamo." in shown and "TERMINAL-MNT" in shown and "terminal.alamo" in shown, shown
    assert "first contact" in shown and authority.ask("network").split("vkey: ")[1].split("\n")[0] in shown
    # The next one needs only a name, and corrects it.
    code, shown = terminal(home, ["join"], {"address": "", "Your name there": "SECOND", "A domain name": ""})
    assert code == 0 and "SECOND-MNT" in shown and "name  " not in shown.split("Next:")[0], shown


def test_by_invitation(authority, home, tmp_path):
    inviter = tmp_path / "inviter"
    inviter.mkdir()
    line = cli(inviter, "invite", "--server", authority.server())
    assert "this machine alone" in line.stderr  # a loopback address invites nobody from elsewhere
    words = shlex.split(line.stdout)
    assert words[:2] == ["alamo", "join"] and len(words) == 3
    done = cli(home, *words[1:], "--name", "INVITED", "--new-key")
    assert "Welcome" in done.stdout and "first contact" not in done.stderr  # the key came with the invitation
    # Another registry at that address is not joined.
    with running(tmp_path / "dir") as other:
        forged = cli(inviter, "invite", "--server", other.server(), check=False)
        assert forged.returncode == 4
        stranger = tmp_path / "stranger"
        stranger.mkdir()
        wrong = cli(stranger, *words[1:], "--name", "WRONG", "--new-key", "--server", other.server(), check=False)
        assert wrong.returncode == 4 and "WRONG-MNT" not in other.whois("WRONG-MNT")
    # A mistyped word is no other network.
    assert cli(home, "join", words[2][:-3] + "AAA", "--name", "TYPO", check=False).returncode == 2


def test_ipv4_where_there_is_some(tmp_path, home):
    with running(tmp_path / "dir") as both:
        pool = obj(("inetnum", "10.127.0.0/16"), ("netname", "V4-POOL"), ("status", "ALLOCATED"), ("policy", "open"),
                   ("assign-len", "27"), ("assign-min", "26"), ("assign-max", "28"), ("assign-auto", "yes"),
                   mnt="HOSTMASTER-MNT")
        both.accept([pool], [both.hostmaster])
        got = json.loads(cli(home, "join", "--name", "BOTH", "--new-key", "--json", "--server", both.server()).stdout)
        assert got["objects"]["inetnum"].startswith("10.127.") and got["objects"]["route"].startswith("10.127.")
        assert got["errors"] == []
        shown = cli(home, "join", "--name", "OTHER", "--len4", "28").stdout
        assert re.search(r"IPv4 +10\.127\.\S+", shown)
        assert "--len4: 26 to 28" in cli(home, "join", "--name", "THIRD", "--len4", "24", check=False).stderr
        assert "IPv4" not in cli(home, "join", "--name", "FOURTH", "--no-ipv4").stdout


def test_mntner_without_number(authority, home, key):
    """A maintainer of the same name by the same key, but not by `join`: it says so too, and no second one is made."""
    authority.accept([mntner("ALONE-MNT", key)], [key])
    result = cli(home, "join", "--name", "ALONE", "--key", key.path, "--server", authority.server(), check=False)
    assert result.returncode == 1 and "yours already" in result.stderr
