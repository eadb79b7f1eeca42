# SPDX-License-Identifier: MIT
"""Programs of an earlier commit, built from this repository's history into build/earlier."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRST = "9611ef9"    # what most benches compare with


def earlier(commit, *targets):
    """The folder with the targets' programs, a release build; None when the repository does not have that commit."""
    folder = ROOT / "build" / "earlier" / commit
    source, build = folder / "source", folder / "build"
    if subprocess.run(["git", "-C", ROOT, "cat-file", "-e", commit], stderr=subprocess.DEVNULL).returncode != 0:
        print(f"no commit {commit} here: it is not compared", file=sys.stderr)
        return None
    if not source.exists():
        archive = subprocess.run(["git", "-C", ROOT, "archive", commit], stdout=subprocess.PIPE, check=True).stdout
        source.mkdir(parents=True)
        subprocess.run(["tar", "x", "-C", source], input=archive, check=True)
    subprocess.run(["cmake", "-S", source, "-B", build, "-DCMAKE_BUILD_TYPE=Release"], check=True, stdout=sys.stderr)
    subprocess.run(["cmake", "--build", build, "--target", *targets], check=True, stdout=sys.stderr)
    return build / "bin"
