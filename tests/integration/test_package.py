# SPDX-License-Identifier: MIT
"""What is installed and packaged. script/package-test has the rest: machines, systemd, an upgrade."""

import os
import re
import shutil
import subprocess
from fnmatch import fnmatch

import pytest
from harness import BIN, DAEMONS, ROOT, run

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
    assert len(units) == 8
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
