# SPDX-License-Identifier: MIT
"""script/setup on a machine where it may not install anything."""

import shutil

from harness import ROOT, run


def test_without_sudo(tmp_path):
    """It says what root has to type, and ends."""
    for name, text in (("dpkg-query", "exit 1"), ("id", "echo 1000")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    for name in ("bash", "dirname", "env", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name))
    result = run("bash", ROOT / "script/setup", "--client", "--no-build", env={"PATH": str(tmp_path)}, check=False)
    assert result.returncode == 1
    assert "no sudo" in result.stderr and "As root" in result.stderr
    line = next(line for line in result.stderr.splitlines() if line.startswith("  apt-get install "))
    assert "libsodium-dev" in line and "zlib1g-dev" not in line and "libsqlite3-dev" not in line
