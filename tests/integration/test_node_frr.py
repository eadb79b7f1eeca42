# SPDX-License-Identifier: MIT
"""A node whose router is FRR: the same table of routes as bird's, from the same commands, on the real program."""

import json
import re

from harness import ALAMO, nobody_home, run, wait_for
from newcomer import paths
from test_node_filters import RECEIVED_MAX, flood, marks_check, neighbours, stranger_check, taken_check, told_check


CHANGE = "/var/lib/alamo/node/frr-change"


def sessions(machine):
    """{node: how often it came up} of those that are."""
    said = json.loads(machine.vtysh("show bgp ipv6 unicast summary json"))["peers"]
    return {peer["desc"]: peer["connectionsEstablished"] for peer in said.values() if peer["state"] == "Established"}


def bfd(machine):
    """Which states its sessions have, and how quick they are."""
    said = json.loads(machine.vtysh("show bfd peers json"))
    return {(peer["status"], peer["detect-multiplier"], peer["receive-interval"]) for peer in said}


def test_the_table_of_routes(internet, tmp_path):
    with neighbours(internet, tmp_path, "frr") as (ann, eve, known, authority, cat):
        try:
            before = sessions(ann)
            assert set(before) == {eve.node, cat.node}
            wait_for(lambda: bfd(ann) == {("up", 5, 300)}, timeout=60, what="BFD with both")
            assert f"src {ann.loopback}" in ann.run("ip", "-6", "route", "get", eve.loopback)
            taken_check(ann, eve, known)
            told_check(ann, eve, known)
            marks_check(ann, eve, known, cat)
            assert sessions(ann) == before, "what is the same stays up, whatever else changes"
            ann.run("rm", CHANGE)
            ann.alamo("node", "apply")
            assert not run(*ann.inside, "test", "-e", CHANGE, check=False).returncode == 0, "what FRR runs is what the file says"
            assert "0 of the node's files differ" in ann.alamo("node", "diff")
            wait_for(lambda: ann.alamo("doctor", check=False) == "nothing is wrong\n", timeout=60, what="a clean bill")

            # What the filter refuses is not counted by any limit: it is kept, and that is all.
            flood(eve)
            wait_for(lambda: int(re.search(r"RIB entries (\d+)", ann.vtysh("show bgp ipv6 unicast summary"))[1]) > RECEIVED_MAX,
                     timeout=60, what="the flood")
            wait_for(lambda: eve.reaches(ann.loopback), timeout=60, what="ANN")
            assert sessions(ann)[cat.node] == before[cat.node] and eve.node in sessions(ann)
            assert len(json.loads(ann.vtysh("show bgp ipv6 unicast json"))["routes"]) < 10

            # The holder takes its route back: gone, with nothing typed here.
            block, asn = known["CAT"]
            cat.run("sh", "-c", f"'{ALAMO}' show route6 {block}AS{asn} >r && echo 'delete: gone' >>r && '{ALAMO}' submit r")
            wait_for(lambda: not paths(ann, block), timeout=60, what="the route to go")
            assert paths(ann, block, heard=True)
            # And registers it again: what was refused for want of a record is let in, with nothing typed here either.
            cat.run("sh", "-c", f"printf 'route6: {block}\\norigin: AS{asn}\\nmnt-by: CAT-MNT\\nsource: ALAMO\\n' >r && '{ALAMO}' submit r")
            wait_for(lambda: paths(ann, block), timeout=60, what="the route to come back")

            stranger_check(ann, eve, known)
            ann.alamo("peer", "rm", eve.node)
            assert "fe80" in ann.vtysh("show running-config") and eve.node not in ann.vtysh("show running-config")
            assert sessions(ann) == {cat.node: before[cat.node]}
        except AssertionError:
            print(ann.state(), eve.state(), sep="\n")
            raise


def test_what_was_there_comes_back(tmp_path, own_authority):
    """frr.conf is one file: what was in it is kept, one's own lines are taken over, and what FRR does not read is not put there."""
    home, root = tmp_path / "home", tmp_path / "root"
    env = nobody_home() | {"HOME": str(home)}
    home.mkdir()
    (root / "etc/frr").mkdir(parents=True)
    before = {"frr.conf": b"hostname mine\nrouter ospf\n! \xff\n", "daemons": b"ospfd=yes\n"}
    for name, content in before.items():
        (root / "etc/frr" / name).write_bytes(content)
    run(ALAMO, "join", "--name", "DOG", "--new-key", "--server", own_authority.server(), env=env)
    init = (ALAMO, "node", "init", "DOG-R1", "--root", root, "--router", "frr")
    assert "--rtr [::1]:PORT" in run(*init, "--rtr", "127.0.0.1:8282", env=env).stderr
    assert run(*init, "--rtr", "[::1]:8282", env=env).stderr == ""
    conf = root / "etc/frr/frr.conf"
    run("vtysh", "-C", "-f", conf)
    assert "bgpd=yes" in (root / "etc/frr/daemons").read_text() and not (root / "etc/bird").exists()

    local = root / "etc/frr/alamo-local.conf"
    local.write_text("ip prefix-list mine seq 1 permit any\n")
    run(ALAMO, "node", "apply", "--root", root, env=env)
    assert conf.read_text().endswith("ip prefix-list mine seq 1 permit any\n")
    now = conf.read_text()
    local.write_text("ip prefix-lost mine\n")
    tried = run(ALAMO, "node", "apply", "--root", root, env=env, check=False)
    assert tried.returncode == 1 and "vtysh refuses etc/frr/frr.conf" in tried.stderr and "prefix-lost" in tried.stdout + tried.stderr
    assert conf.read_text() == now
    local.write_text("! this | that\nbgp as-path access-list mine permit ^1( 2| 3)*$\n")
    run("vtysh", "-C", "-f", local)    # it would be left out, without an error
    tried = run(ALAMO, "node", "apply", "--root", root, env=env, check=False)
    assert tried.returncode == 1 and "for each case: bgp as-path access-list mine permit ^1( 2| 3)*$" in tried.stderr
    assert conf.read_text() == now
    local.write_text("! this | that\nbgp as-path access-list mine permit ^1( 2|3)*$\n")
    run(ALAMO, "node", "apply", "--root", root, env=env)

    run(ALAMO, "node", "undo", "--root", root, env=env)
    assert {name: (root / "etc/frr" / name).read_bytes() for name in before} == before
    run(ALAMO, "node", "init", "DOG-R1", "--root", root, env=env)
    assert (root / "etc/bird/alamo.conf").exists() and conf.read_bytes() == before["frr.conf"]
