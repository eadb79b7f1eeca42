# SPDX-License-Identifier: MIT
"""What is installed and packaged. script/package-test has the rest: machines, systemd, an upgrade."""

import os
import re
import shutil
import subprocess
from fnmatch import fnmatch

import pytest
from conftest import running
from harness import BIN, DAEMONS, ROOT, Key, run, wait_for

PROGRAMS = ("alamo", "alamo-meshsim", *DAEMONS)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """What `cmake --install` puts below the prefix, /usr/local."""
    top = tmp_path_factory.mktemp("installed")
    run("cmake", "--build", BIN.parent, "--target", "completion", "alamo-meshsim", timeout=600)
    run("cmake", "--install", BIN.parent, env={**os.environ, "DESTDIR": str(top)})
    return top / "usr/local"


def installed(tree):
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir()}


def as_debian(path):
    """Debian's folders, as debian/rules names them."""
    path = path if re.match("etc/|lib/systemd/", path) else f"usr/{path}"
    return path.replace("zsh/site-functions", "zsh/vendor-completions")


def test_each_file_is_in_one_package(tree):
    rows = {(file.stem, line) for file in (ROOT / "debian").glob("*.install") for line in file.read_text().split()}
    used = set()
    for path in map(as_debian, installed(tree)):
        owners = [(package, row) for package, row in rows if fnmatch(path, row) or path.startswith(row + "/")]
        assert len(owners) == 1, (path, owners)
        used.update(owners)
    assert used == rows


def test_a_router_needs_no_package_of_the_authority(tmp_path, children):
    """`alamo roa serve`, which alamo-roa.service runs, with the programs of the package alamo and no others."""
    rows = (ROOT / "debian/alamo.install").read_text().split()
    alone, key, into = tmp_path / "bin", tmp_path / "log.pub", tmp_path / "into"
    alone.mkdir()
    for name in (row.removeprefix("usr/bin/") for row in rows if row.startswith("usr/bin/")):
        shutil.copy(BIN / name, alone)
    serve = ["roa", "serve", "--log-key", key, "--into", into, "--port", "0", "--listen", "127.0.0.1"]
    with running(tmp_path / "dir") as authority:
        shutil.copy(authority.dir / "keys/log.pub", key)
        authority.member(Key(tmp_path / "member"), name="FIRST")
        wait_for(authority.vrps, what="the route")
        with open(tmp_path / "serve.log", "ab") as log:
            children([alone / "alamo", *serve, "http://%s:%d" % authority.endpoints["roas"]], stderr=log, stdout=subprocess.DEVNULL,
                     env={"PATH": "/usr/bin:/bin"})
        wait_for(lambda: "rtr 127.0.0.1:" in (into / "run/endpoints.d/alamo-rpkid").read_text(), what="the cache")
    # What cannot be started is named.
    (alone / "alamo-rpkid").unlink()
    refused = run(alone / "alamo", *serve, "http://127.0.0.1:1", check=False, env={"PATH": str(tmp_path)})
    assert refused.returncode != 0 and "alamo-rpkid: No such file" in refused.stderr and "beside alamo" in refused.stderr


def test_each_program_has_its_page(tree):
    pages = {path.name.rsplit(".", 1)[0] for path in (tree / "share/man").rglob("*.[18]")}
    programs = {path.name for folder in ("bin", "sbin") for path in (tree / folder).iterdir()}
    assert programs == {*PROGRAMS, "alamo-authority-setup"} and programs <= pages


def test_completion_is_that_of_the_program(tree):
    assert (tree / "share/bash-completion/completions/alamo").read_text() == run(BIN / "alamo", "completion", "bash").stdout
    assert (tree / "share/zsh/site-functions/_alamo").read_text() == run(BIN / "alamo", "completion", "zsh").stdout


def test_units_are_what_systemd_takes(tree, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    units = sorted((tree / "lib/systemd/system").glob("alamo*"))
    assert len(units) == 9
    for unit in units:                      # by the tree's own programs: verify looks whether they are there
        text = re.sub(r"^ExecStart=(/usr/local/bin/)?(alamo\S*)", rf"ExecStart={tree}/bin/\2", unit.read_text(), flags=re.M)
        (tmp_path / unit.name).write_text(text)
    result = run("systemd-analyze", "verify", "--man=no", *sorted(tmp_path.iterdir()), check=False,
                 env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"})
    ours = [line for line in result.stderr.splitlines() if "alamo" in line or str(tmp_path) in line]
    assert ours == [] and result.returncode == 0, result.stderr
    for unit in sorted(tmp_path.glob("*.service")):
        shown = run("systemd-analyze", "security", "--offline=yes", "--threshold=25", unit, check=False)
        assert shown.returncode == 0, (unit.name, shown.stdout.splitlines()[-1:], shown.stderr)


@pytest.mark.skipif(os.geteuid() == 0 and shutil.which("setpriv") is None, reason="no setpriv")
def test_setup_says_what_it_lacks(tree):
    script = ROOT / "deploy/systemd/alamo-authority-setup"
    run("sh", "-n", script)
    assert "usage:" in run("sh", script, "--help").stdout
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    refused = subprocess.run([*drop, "sh", "-c", script.read_text()], capture_output=True, text=True, timeout=60)
    assert refused.returncode == 1 and "only root" in refused.stderr
