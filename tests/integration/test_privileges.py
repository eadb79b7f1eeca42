# SPDX-License-Identifier: MIT
"""What a daemon has given up: users, files, system calls, memory dumps."""

import os
import re
import shutil
import stat
import subprocess

import pytest
from conftest import running
from harness import BIN, DAEMONS, ROOT, Authority, Key, alamo, stop, wait_for

UNITS = sorted((ROOT / "deploy" / "systemd").glob("alamo-*.service"))


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def has_landlock():
    import ctypes
    return ctypes.CDLL(None).syscall(444, None, 0, 1) > 0


def test_every_daemon_is_confined_before_it_answers(authority):
    log = (authority.dir / "up.log").read_text()
    for program in DAEMONS:
        said = [line for line in log.splitlines() if f" {program} event=sandbox " in line]
        assert said and "seccomp=yes" in said[0], program
        assert "landlock=no" not in said[0] or not has_landlock()
        assert "event=sandbox" in log.split(f"{program} event=listen")[0] if f"{program} event=listen" in log else True
        assert "Max core file size        0" in open(f"/proc/{authority.pid(program)}/limits", encoding="ascii").read()
        for task in os.listdir(f"/proc/{authority.pid(program)}/task"):
            threads = status(f"{authority.pid(program)}/task/{task}")
            assert threads["Seccomp"] == "2" and threads["NoNewPrivs"] == "1", (program, task)


def test_files_are_for_those_they_concern(tmp_path):
    """The ledger is its owner's, however open it was before; what is published is everybody's."""
    with running(tmp_path / "dir") as made:
        assert stat.S_IMODE((made.dir / "ledger.db").stat().st_mode) & 0o137 == 0
        made.stop()
        (made.dir / "ledger.db").chmod(0o644)
        before = os.umask(0)
        try:
            made.start()
        finally:
            os.umask(before)
        key = Key(tmp_path / "member")
        made.member(key)
        wait_for(lambda: (made.dir / "log" / "checkpoint").exists(), what="the published log")
        for path in made.dir.rglob("*"):
            try:
                mode = stat.S_IMODE(path.stat().st_mode)
            except FileNotFoundError:   # one that has taken its name meanwhile
                continue
            shown = path.relative_to(made.dir).parts[0] in ("log", "run", "alamo.conf") or path.suffix == ".pub"
            if path.name.startswith("ledger.db") or path.name in ("log.key", "hostmaster", "log.guard"):
                assert mode & 0o137 == 0, (path, oct(mode))
            assert mode & 0o002 == 0 or shown is None, (path, oct(mode))
        for path in [made.dir / "log", *(made.dir / "log").rglob("*")]:
            assert path.stat().st_mode & 0o004, path


def test_root_says_whom_it_runs_as(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "ALAMO_USER"}
    authority = Authority(tmp_path / "dir")
    assert alamo("up", "--user", "no-such-user", authority.dir, env=environment, check=False).returncode == 2
    if os.geteuid() == 0:
        refused = alamo("up", authority.dir, env=environment, check=False)
        assert refused.returncode == 2 and "--user" in refused.stderr
        assert not (authority.dir / "run" / "alamo.pid").exists()
    else:
        refused = alamo("up", "--user", "root", authority.dir, env=environment, check=False)
        assert refused.returncode == 1 and "only root" in refused.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become others")
def test_each_daemon_as_a_user_of_its_own(tmp_path_factory):
    """As deploy/systemd/README.md lays it out, without names: user and group ids that nobody has."""
    top = tmp_path_factory.mktemp("users")
    for folder in (top, *top.parents):
        if folder.stat().st_mode & 0o001 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    group, ids = 61000, dict(zip(DAEMONS, range(61001, 61005)))
    programs = top / "bin"
    programs.mkdir(mode=0o755)
    for program in DAEMONS:
        shutil.copy(BIN / program, programs)
    authority = Authority(top / "dir")
    subprocess.run(["chown", "-R", f"{ids['alamo-registryd']}:{group}", authority.dir], check=True)
    (authority.dir / "alamo.conf").chmod(0o640)
    (authority.dir / "keys").chmod(0o750)
    (authority.dir / "keys" / "log.pub").chmod(0o644)
    for name in ("roa.key", "roa.note"):
        if (authority.dir / "keys" / name).exists():
            os.chown(authority.dir / "keys" / name, ids["alamo-rpkid"], group)
    authority.dir.chmod(0o750)
    for folder, owner, mode in (("run", "alamo-registryd", 0o2770), ("run/endpoints.d", "alamo-registryd", 0o2770),
                                ("keys/dns", "alamo-rootd", 0o700), ("keys/nrtm4", "alamo-whoisd", 0o700)):
        (authority.dir / folder).mkdir(exist_ok=True)
        os.chown(authority.dir / folder, ids[owner], group)
        (authority.dir / folder).chmod(mode)
    processes = []
    try:
        for program in DAEMONS:
            process = subprocess.Popen(
                [programs / program, "-c", authority.dir / "alamo.conf"], cwd=authority.dir, user=ids[program], group=group,
                extra_groups=[], umask=0o077, stderr=open(top / f"{program}.log", "wb"))
            processes.append(process)
            written = authority.dir / "run" / "endpoints.d" / program
            wait_for(lambda: written.exists() and process.poll() is None or process.poll() is not None, what=program)
            assert process.poll() is None, (top / f"{program}.log").read_text()[-3000:]
        lines = "".join((authority.dir / "run" / "endpoints.d" / program).read_text() for program in DAEMONS)
        (authority.dir / "run" / "endpoints").write_text(lines)
        authority.read_endpoints()
        key = Key(top / "member")
        authority.member(key, domain="fisher.alamo", records=["@ AAAA fca1:100::1"])
        wait_for(lambda: "FISHER-MNT" in authority.whois("FISHER-MNT"), what="whois to follow")
        wait_for(lambda: authority.dns("fisher.alamo", "AAAA").answer, what="DNS to follow")
        wait_for(authority.vrps, what="origins")
        # Nobody reads what is another's.
        secret = authority.dir / "ledger.db"
        peek = subprocess.run(["cat", secret], user=ids["alamo-whoisd"], group=group, extra_groups=[], capture_output=True)
        assert peek.returncode != 0 and not peek.stdout
    finally:
        for process in processes[::-1]:
            stop(process)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_units_bound_what_they_start(unit):
    settings = dict(line.split("=", 1) for line in unit.read_text().splitlines() if re.match(r"[A-Z]\w+=", line))
    assert settings["UMask"] == "0077" and settings["LimitCORE"] == "0" and settings["NoNewPrivileges"] == "yes"
    assert settings["MemoryMax"] and int(settings["TasksMax"]) > 0
    users = [re.search(r"^User=(\S+)$", other.read_text(), re.M)[1] for other in UNITS]
    assert len(set(users)) == len(UNITS) == len(DAEMONS) and settings["User"] not in ("root", "alamo")
    assert re.search(rf"^u {settings['User']} ", (ROOT / "deploy" / "systemd" / "alamo.sysusers").read_text(), re.M)
