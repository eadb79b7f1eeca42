# SPDX-License-Identifier: MIT
"""The lab's ways: the tour, a newcomer's way in, and everything that goes wrong. script/lab runs it."""

import argparse
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "integration")]

from harness import ALAMO, run  # noqa: E402
from failures import Failures  # noqa: E402
from machines import NotHere  # noqa: E402
from network import ROOT_SERVER, Lab, prefix_of  # noqa: E402
from picture import draw  # noqa: E402
from newcomer import Newcomer, origins_filtered  # noqa: E402

COMMANDS_GOAL, SECONDS_GOAL = 3, 20


def say(*words):
    print(*words, flush=True)


def figure(name, value, rest):
    say(f"figure {name} {value} {rest}")


def newcomer(lab):
    """EVE comes; BOB says yes."""
    host, ann = lab.nodes["BOB-R1"], lab.nodes["ANN-R1"]
    machine = lab.machine("new-r1")
    host.machine.typed.clear()
    began = time.monotonic()
    new = Newcomer(machine, "NEW")
    new.come(lab.server, host.machine, host.name, lab.anchors, domain="new.alamo")
    new.wait_reach([node.address for node in lab.nodes.values()])
    address = new.wait_names("www.ann.alamo")
    seconds = time.monotonic() - began
    for words in machine.typed:
        say("  NEW $ alamo", *words)
    for words in host.machine.typed:
        say("  BOB $ alamo", *[word if len(str(word)) < 60 else f"{word[:40]}..." for word in words])
    say(f"www.ann.alamo is {address}, validated by its own resolver")
    held = address == ann.address.replace("::1", "::80")
    reached = [node.name for node in lab.nodes.values() if not node.machine.reaches(new.address)]
    say(f"does not reach it: {', '.join(reached) or 'nobody'}")
    filtered = True
    for prefix, whose in (("fca1:1ff:7::/48", "nobody's"), (prefix_of(lab.nodes["CAT-R1"].address), "CAT's")):
        refused = origins_filtered(machine, host.machine, prefix, host.asn)
        say(f"{prefix}, {whose}, announced by its own neighbour: {'refused' if refused else 'TAKEN'}")
        filtered = filtered and refused
    figure("newcomer_commands", len(machine.typed), f"goal {COMMANDS_GOAL}")
    figure("newcomer_seconds", f"{seconds:.1f}", f"goal {SECONDS_GOAL}")
    return held and filtered and not reached and len(machine.typed) <= COMMANDS_GOAL and seconds <= SECONDS_GOAL \
        and len(host.machine.typed) == 1


def tour(lab):
    """What a member sees."""
    ann = lab.nodes["ANN-R1"]
    for words in (("alamo peer list", [ALAMO, "peer", "list"]),
                  ("birdc show route", ["birdc", "show", "route", "table", "master6"]),
                  ("birdc show bfd sessions", ["birdc", "show", "bfd", "sessions"]),
                  (f"dig @{ROOT_SERVER} www.bob.alamo AAAA", ["dig", f"@{ROOT_SERVER}", "-p", str(lab.authority.endpoints["dns"][1]), "+norecurse",
                                                             "+noall", "+answer", "www.bob.alamo", "AAAA"]),
                  ("ping CAT", ["ping", "-6", "-n", "-c", "2", lab.nodes["CAT-R1"].address])):
        say(f"\nANN $ {words[0]}")
        say(ann.machine.run(*words[1], check=False).rstrip())
    say(f"\n{len(lab.nodes)} devices of {len(lab.members)} members, {lab.sessions()} ends of sessions, everybody reaches everybody")
    return True


def failures(lab, with_defaults, picture):
    """Everything that goes wrong, with its table and its picture."""
    tests = Failures(lab, say)
    good = tests.run(with_defaults)
    Path(picture).write_text(draw(tests.rows))
    say(f"\n{'case':<12} {'ours':>8} {'bird':>8}  who")
    for case, (who, ours, theirs) in tests.rows.items():
        say(f"{case:<12} {ours:>7.2f}s {f'{theirs:.0f}s' if theirs is not None else '-':>8}  {who}")
    say(f"drawn in {picture}")
    for line in tests.figures():
        say(line)
    return good


def main():
    parser = argparse.ArgumentParser(prog="script/lab")
    parser.add_argument("--newcomer", action="store_true", help="a sixth member's way in, with its figures")
    parser.add_argument("--fail", action="store_true", help="everything that goes wrong, in a network of nine members")
    parser.add_argument("--no-defaults", action="store_true", help="with --fail: bird's own timers are not waited for")
    parser.add_argument("--picture", default="lab.svg", help="with --fail: where it is drawn")
    options = parser.parse_args()
    run("ip", "link", "set", "lo", "up")
    lab = None
    try:
        lab = Lab(9 if options.fail else 5, say)
        began = time.monotonic()
        lab.build(wires=True)
        say(f"built in {time.monotonic() - began:.0f} s")
        if options.fail:
            good = failures(lab, not options.no_defaults, options.picture)
        else:
            good = newcomer(lab) if options.newcomer else tour(lab)
    except NotHere as reason:
        say(f"lab: {reason}")
        return 2
    finally:
        if lab is not None:
            lab.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
