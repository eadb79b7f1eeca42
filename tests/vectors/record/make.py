#!/usr/bin/env python3
"""Writes the vectors beside it: the single lines of tests/integration/record_lines.py, and what BIND's named-rrchecker makes of them.

good  a record line, a tab, its data in wire form in hex, with names in lower case
bad   a record line that is refused
"""
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "integration"))

from record_lines import BOTH, NEITHER, ROWS, STRICT  # noqa: E402

NAMES = ("CNAME", "DNAME", "PTR", "MX", "SRV", "NAPTR", "RP")


def wire(line):
    words = line.split(" ")[1:]
    while words[0].isdigit() or words[0] == "IN":
        words = words[1:]
    data = " ".join(words[1:])
    if words[0] in NAMES:
        data = data.lower() if words[0] == "RP" else " ".join([*words[1:-1], words[-1].lower()])
    if words[0] == "CAA":
        data = data.replace("ISSUEWILD", "issuewild")
    done = subprocess.run(["named-rrchecker", "-u"], input=f"IN {words[0]} {data}\n", capture_output=True, text=True, check=True)
    return "".join(done.stdout.split("\\#")[1].split()[1:]).lower()


def main():
    # Some are bad in their domain only: by its name, or by its length.
    single = [row for row in ROWS if len(row) == 2 and "{domain}" not in row[1] and len(row[1].split()[0]) < 200]
    (HERE / "good").write_text("".join(f"{row[1]}\t{wire(row[1])}\n" for row in single if row[0] == BOTH))
    (HERE / "bad").write_text("".join(f"{row[1]}\n" for row in single if row[0] in (NEITHER, STRICT)))


main()
