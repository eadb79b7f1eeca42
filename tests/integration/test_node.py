# SPDX-License-Identifier: MIT
"""A newcomer's three commands: join, node init, peer add; the other side: one accept.

    ANN's machine --.
                     our namespace, with the registry and a wire between all three (tests/lab/machines.py)
    BOB's machine --'
"""

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import running
from harness import ALAMO, Key, nobody_home, obj, run, wait_for
from machines import WIRE, NotHere
from mitm import Cheat, read_log
from newcomer import Newcomer, address_in, offer_in, origins_filtered, paths
from test_audit import find
from test_host import key_of


@pytest.fixture
def machines(internet):
    """make(name, number): a machine."""
    def make(name, number, router="bird"):
        try:
            return internet.machine(name, number, router)
        except NotHere as reason:
            pytest.skip(str(reason))
    return make


def anchors_of(authority, path):
    """The file that a hostmaster publishes."""
    texts = [file.read_text() for file in sorted((authority.dir / "run").glob("trust-anchor-*.ds"))]
    assert texts
    path.write_text("".join(texts))
    return path


def test_peered_in_three_commands(machines, tmp_path):
    """Nothing but join, init and add, and one accept at the other end: reached, reaching, with names and origins."""
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        ann, bob = machines("ann", 1), machines("bob", 2)
        server = authority.server()

        ann.alamo("join", "--name", "ANN", "--new-key", "--server", server, "--domain", "ann.alamo", "--host", "www=::80")
        ann_address = address_in(ann.alamo("node", "init", "ANN-R1", "--endpoint", f"{WIRE}.1", "--whole"))
        ann.typed.clear()

        newcomer = Newcomer(bob, "BOB")
        newcomer.come(server, ann, "ANN-R1", anchors_of(authority, tmp_path / "anchors"))
        assert [words[:2] for words in bob.typed] == [("join", "--name"), ("node", "init"), ("peer", "add")]
        assert [words[:2] for words in ann.typed] == [("peer", "accept")]

        try:
            newcomer.wait_reach([ann_address])
            wait_for(lambda: ann.reaches(newcomer.address), timeout=60, what="the newcomer")
        except AssertionError:
            print(ann.state(), bob.state(), sep="\n")
            raise
        assert newcomer.wait_names("www.ann.alamo") == ann_address.replace("::1", "::80")
        ann_asn = re.search(r"^origin: *AS(\d+)", authority.ask("show node ANN-R1"), re.M)[1]
        assert origins_filtered(bob, ann, "fca1:1ff:7::/48", ann_asn)
        shown = ann.birdc("show", "route", "all", "table", "master6")
        assert re.search(r"BGP.as_path: \d+", shown), shown
        assert "ANN-R1" in bob.alamo("peer", "list")
        assert "0 of the node's files differ" in bob.alamo("node", "diff")

        # What the doctor says of it, and of what is broken then: each with the command that mends it.
        assert "session ANN-R1" in bob.alamo("status")
        try:
            wait_for(lambda: bob.alamo("doctor", check=False) == "nothing is wrong\n", timeout=60, what="a clean bill")
        except AssertionError:
            print(bob.alamo("status"))
            raise
        bob.run("sh", "-c", "nft delete table inet alamo; ip -6 addr del $1/128 dev lo; ip link set al-10000 mtu 1300", "sh",
                newcomer.address)
        found = {item["what"]: item for item in json.loads(bob.alamo("doctor", "--json", check=False))["findings"]}
        assert {name for name, item in found.items() if item["state"] != "ok"} == {"address", "firewall", "mtu ANN-R1"}
        for name in ("address", "firewall", "mtu ANN-R1"):
            bob.run("sh", "-c", found[name]["mend"].replace("alamo ", f"'{ALAMO}' ", 1))
        wait_for(lambda: bob.alamo("doctor", check=False) == "nothing is wrong\n", timeout=60, what="a mended node")

        # The holder of the route takes it back: gone at the neighbour, with nothing typed there.
        asn = re.search(r"^origin: *(\S+)", authority.ask("show node BOB-R1"), re.M)[1]
        prefix = re.search(r"^[^ ]*?([0-9a-f:]+::/48)", bob.run("birdc", "show", "route", "protocol", "alamo_own"), re.M)[1]
        bob.run("sh", "-c", f"'{ALAMO}' show route6 {prefix}{asn} >r && echo 'delete: gone' >>r && '{ALAMO}' submit r")
        wait_for(lambda: f"{prefix} " not in ann.birdc("show", "route", "table", "master6"), timeout=60, what="the route to go")

        # Ended by one side; the other one's files follow the log.
        ann.alamo("peer", "rm", "BOB-R1")
        assert "al-10000" not in ann.run("ip", "-o", "link")
        bob.alamo("node", "apply")
        assert bob.alamo("peer", "list") == ""
        bob.alamo("node", "undo")
        assert bob.run("cat", "/etc/bird/bird.conf").endswith("# what was here before\n")
        assert bob.run("sh", "-c", "ls /etc/wireguard") == ""


def test_foreign_offers_are_not_signed(tmp_path, own_authority):
    """An offer that is more than a peering, or not whole, is refused before anything is signed."""
    authority, home = own_authority, tmp_path / "home"
    home.mkdir()
    env = nobody_home() | {"HOME": str(home)}

    def alamo(*words, check=True):
        return run(ALAMO, *words, "--server", authority.server(), check=check, env=env)

    alamo("join", "--name", "CAT", "--new-key")
    alamo("node", "init", "CAT-R1", "--root", home / "root", "--endpoint", "192.0.2.9")
    size = authority.ask("head").split("\n")[1]
    liar = Key(tmp_path / "liar")
    text = ("request:        gift\nprev:           none\n\nmntner:         CAT-MNT\nauth:           " + liar.public +
            "\nmnt-by:         CAT-MNT\nsource:         ALAMO\n")

    word = "alamo-peer1-" + base64.urlsafe_b64encode(text.encode() + liar.sign(text)).decode().rstrip("=")
    for offer, code in ((word, 4), (word[:-40], 4), ("alamo-peer1-", 2), ("hello", 2)):
        tried = alamo("peer", "accept", offer, "--yes", "--root", home / "root", check=False)
        assert tried.returncode in (code, 2), (offer, tried.stdout, tried.stderr)
    assert authority.ask("head").split("\n")[1] == size
    assert not (home / "root" / "etc" / "wireguard").exists()


def everything_below(root):
    """Each file with its bytes, mode and owner, and where links lead; without what is the node's own."""
    found = {}
    for path in root.rglob("*"):
        place, stat = path.relative_to(root), path.lstat()
        if place.parts[:2] != ("etc", "alamo") and place.parts[:3] != ("var", "lib", "alamo") and not path.is_dir():
            content = path.readlink() if path.is_symlink() else path.read_bytes()
            found[place] = content, stat.st_mode & 0o7777, stat.st_uid, stat.st_gid
    return found


DN42 = {
    "etc/bird/bird.conf": (b'# dn42\'s\nrouter id 172.20.0.1;\ndefine OWNAS = 4242420000;\ninclude "alamo.conf";\ninclude "peers/*";\n\xff\n', 0o604),
    "etc/bird/peers/fisher.conf": (b"protocol bgp fisher from dnpeers { }\n", 0o640),
    "etc/bird/alamo-local.conf": (b"# mine\n", 0o600),
    "etc/nftables.d/alamo.nft": (b"# an older one, by hand\n", 0o755),
    "etc/sysctl.d/90-alamo.conf": (b"net.ipv6.conf.all.forwarding = 0\n", 0o444),
    "etc/wireguard/dn42.conf": (b"[Interface]\nPrivateKey = aaaa\n", 0o600),
}


def test_a_file_of_ones_own_comes_back(tmp_path, own_authority):
    """A dn42 node made by hand: its bird.conf stays as it is, and what was in our places comes back, byte, mode and owner."""
    home, root = tmp_path / "home", tmp_path / "root"
    env = nobody_home() | {"HOME": str(home)}
    home.mkdir()
    for number, (place, (content, mode)) in enumerate(DN42.items()):
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if os.geteuid() == 0:
            os.chown(path, 40000 + number, 50000 + number)
        path.chmod(mode)
    (root / "etc/bird/alamo-network.conf").symlink_to("peers/fisher.conf")
    before = everything_below(root)

    run(ALAMO, "join", "--name", "DOG", "--new-key", "--server", own_authority.server(), env=env)
    run(ALAMO, "node", "init", "DOG-R1", "--root", root, env=env)
    hand_made = ("etc/bird/bird.conf", "etc/bird/peers/fisher.conf", "etc/bird/alamo-local.conf", "etc/wireguard/dn42.conf")
    now = everything_below(root)
    assert {place: now[Path(place)] for place in hand_made} == {place: before[Path(place)] for place in hand_made}
    assert Path(root / "etc/bird/alamo.conf").exists()
    run(ALAMO, "node", "undo", "--root", root, env=env)
    assert everything_below(root) == before

    run(ALAMO, "node", "init", "DOG-R1", "--root", root, "--whole", env=env)
    assert everything_below(root)[Path("etc/bird/bird.conf")] != before[Path("etc/bird/bird.conf")]
    (root / "etc/nftables.d/alamo.nft").write_text("# mine\n")
    assert "changed  etc/nftables.d/alamo.nft" in run(ALAMO, "node", "diff", "--root", root, env=env).stdout
    run(ALAMO, "node", "apply", "--root", root, env=env)          # what was there first is what comes back, not this
    run(ALAMO, "node", "undo", "--root", root, env=env)
    assert everything_below(root) == before
    assert (root / "etc/alamo/node.key").stat().st_mode & 0o777 == 0o600


def test_a_hand_made_bird_conf_is_read_with_ours(tmp_path, own_authority):
    """dn42's template with one more line: the real bird takes both, and no name of one is a name of the other."""
    home, root = tmp_path / "home", tmp_path / "root"
    env = nobody_home() | {"HOME": str(home)}
    home.mkdir()
    (root / "etc/bird").mkdir(parents=True)
    (root / "etc/bird/bird.conf").write_text(DN42_TEMPLATE + 'include "alamo.conf";\n')
    run(ALAMO, "join", "--name", "DOG", "--new-key", "--server", own_authority.server(), env=env)
    run(ALAMO, "node", "init", "DOG-R1", "--root", root, env=env)
    run("bird", "-p", "-c", root / "etc/bird/bird.conf")


def test_beside_dn42(machines, tmp_path):
    """A router of dn42 with one line more: reached and reaching, each network by its own table and source address."""
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        ann, bob = machines("ann", 1), machines("bob", 2)
        ann.run("sh", "-c", "cat >/etc/bird/bird.conf && birdc configure", input=DN42_TEMPLATE)
        addresses = {}
        for machine, name, whole in ((ann, "ANN", ()), (bob, "BOB", ("--whole",))):
            machine.alamo("join", "--name", name, "--new-key", "--server", authority.server())
            addresses[name] = address_in(machine.alamo("node", "init", f"{name}-R1", *whole, "--endpoint", machine.address))
        ann.run("sh", "-c", "echo 'include \"alamo.conf\";' >>/etc/bird/bird.conf && birdc configure")
        bob.alamo("peer", "accept", offer_in(ann.alamo("peer", "add", "BOB-R1", "--wait", "0")), "--yes")
        ann.alamo("node", "apply")
        wait_for(lambda: ann.reaches(addresses["BOB"]), timeout=60, what="BOB")
        assert f"src {addresses['ANN']}" in ann.run("ip", "-6", "route", "get", addresses["BOB"])
        assert addresses["BOB"].replace("::1", "::/48") in ann.run("ip", "-6", "route", "show", "table", "4343")
        assert ann.run("birdc", "show", "route", "table", "master6").count("fca1:") == 0
        assert "fd42:d42::/48" in ann.run("birdc", "show", "route", "table", "master6")
        # A LAN in the own block is found, and the rest of the block is nowhere.
        lan = addresses["ANN"].replace("::1", ":0:5::")
        ann.run("ip", "-6", "route", "add", f"{lan}/64", "dev", "up0")
        assert "dev up0" in ann.run("ip", "-6", "route", "get", f"{lan}9")
        nowhere = run(*ann.inside, "ip", "-6", "route", "get", lan.replace(":0:5:", ":0:6:") + "9", check=False)
        assert "No route to host" in nowhere.stderr
        ann.alamo("node", "apply")
        assert ann.run("ip", "-6", "rule").count("lookup 4343") == 1
        ann.alamo("node", "init", "ANN-R1", "--whole", "--endpoint", ann.address)
        wait_for(lambda: ann.reaches(addresses["BOB"]), timeout=60, what="BOB, with a bird.conf that is ours")
        assert "lookup 4343" not in ann.run("ip", "-6", "rule")


# The template of dn42's wiki (howto/Bird2), its names and shape.
DN42_TEMPLATE = """define OWNAS =  4242420000;
define OWNIP =  172.20.0.1;
define OWNIPv6 = fd42:d42::1;
define OWNNET = 172.20.0.0/26;
define OWNNETv6 = fd42:d42::/48;
define OWNNETSET = [172.20.0.0/26+];
define OWNNETSETv6 = [fd42:d42::/48+];
router id OWNIP;
protocol device { scan time 10; }
function is_self_net() { return net ~ OWNNETSET; }
function is_self_net_v6() { return net ~ OWNNETSETv6; }
function is_valid_network() { return net ~ [ 172.20.0.0/14{21,29} ]; }
function is_valid_network_v6() { return net ~ [ fd00::/8{44,64} ]; }
roa4 table dn42_roa;
roa6 table dn42_roa_v6;
protocol kernel { scan time 20; ipv6 { import none; export filter { if source = RTS_STATIC then reject; krt_prefsrc = OWNIPv6; accept; }; }; }
protocol kernel { scan time 20; ipv4 { import none; export filter { if source = RTS_STATIC then reject; krt_prefsrc = OWNIP; accept; }; }; }
protocol static { route OWNNET reject; ipv4 { import all; export none; }; }
protocol static { route OWNNETv6 reject; ipv6 { import all; export none; }; }
template bgp dnpeers {
    local as OWNAS;
    path metric 1;
    ipv6 {
        import filter { if is_valid_network_v6() && !is_self_net_v6() then { if (roa_check(dn42_roa_v6, net, bgp_path.last) != ROA_VALID) then reject; else accept; } else reject; };
        export filter { if is_valid_network_v6() && source ~ [RTS_STATIC, RTS_BGP] then accept; else reject; };
        import limit 1000 action block;
    };
}
protocol bgp fisher from dnpeers { neighbor fe80::42%lo as 4242420001; }
"""


CLIENT = {"bird": ("/etc/bird/alamo.conf", "rr client"), "frr": ("/etc/frr/frr.conf", "route-reflector-client")}


@pytest.mark.parametrize("router", CLIENT)
def test_nine_nodes_have_reflectors(machines, tmp_path, router):
    """Three of a member's nodes in a row: the ends learn of each other once there are too many to link each with each."""
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        made = {number: machines(f"ann{number}", number, router if number == 1 else "bird") for number in (1, 3, 4)}
        conf, client = CLIENT[router]
        made[1].alamo("join", "--name", "ANN", "--new-key", "--server", authority.server())
        addresses = {}
        for number, machine in made.items():
            if number != 1:
                machine.run("cp", "-r", f"/proc/{made[1].holder.pid}/root{made[1].home}/.ssh", machine.home)
            said = machine.alamo("node", "init", f"ANN-R{number}", "--whole", "--router", machine.router, "--endpoint", machine.address,
                                 "--server", authority.server())
            addresses[number] = address_in(said)
        for number in (3, 4):
            made[1].alamo("peer", "add", f"ANN-R{number}")
            made[number].alamo("node", "apply")
        wait_for(lambda: made[1].reaches(addresses[3]) and made[1].reaches(addresses[4]), timeout=60, what="both ends from the middle")
        assert not made[3].reaches(addresses[4]) and client not in made[1].run("cat", conf)

        for number in (2, 5, 6, 7, 8, 9):
            made[1].alamo("node", "init", f"ANN-R{number}", "--root", f"{made[1].home}/r{number}")
        for machine in made.values():
            machine.alamo("node", "apply")
        assert made[1].run("cat", conf).count(client) == 2
        assert "rr client" not in made[3].run("cat", "/etc/bird/alamo.conf")
        wait_for(lambda: made[3].reaches(addresses[4]) and made[4].reaches(addresses[3]), timeout=60, what="one end from the other")


def test_the_nearest_are_suggested(machines, tmp_path):
    """By round trip; not one's own, nor who is linked already, takes nobody, or does not answer."""
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        names = ("ANN", "BOB", "CAT", "DAN", "EVE")
        made = {name: machines(name.lower(), number) for number, name in enumerate(names, 1)}
        for name, machine in made.items():
            machine.alamo("join", "--name", name, "--new-key", "--server", authority.server())
            machine.alamo("node", "init", f"{name}-R1", "--whole", "--endpoint", machine.address)
        ann = made["ANN"]
        made["DAN"].run("sh", "-c", f"'{ALAMO}' show node DAN-R1 | sed 's/^origin:/policy: closed\\n&/' >n && '{ALAMO}' submit n")
        made["EVE"].run("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
        assert "2 of 3 nodes answer; 0 were not asked" in ann.alamo("peer", "suggest")
        said = re.findall(r"([\d.]+) ms  (\S+)", ann.alamo("peer", "suggest"))
        assert {name for _, name in said} == {"BOB-R1", "CAT-R1"} and float(said[0][0]) <= float(said[1][0])
        assert "of 1 nodes answer; 2 were not asked" in ann.alamo("peer", "suggest", "--most", "1")
        made["BOB"].alamo("peer", "accept", offer_in(ann.alamo("peer", "add", "BOB-R1", "--wait", "0")), "--yes")
        said = ann.alamo("peer", "suggest")
        assert re.findall(r"ms  (\S+)", said) == ["CAT-R1"] and "Next: alamo peer add CAT-R1" in said


def test_lost_sessions_roll_back(machines, tmp_path):
    """What the node's own holder signed by mistake takes a session away: the agent goes back to what worked, and looks after it."""
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        ann, bob = machines("ann", 1), machines("bob", 2)
        for machine, name in ((ann, "ANN"), (bob, "BOB")):
            machine.alamo("join", "--name", name, "--new-key", "--server", authority.server(), "--domain", f"{name.lower()}.alamo")
            machine.alamo("node", "init", f"{name}-R1", "--whole", "--endpoint", machine.address)
        bob.alamo("peer", "accept", offer_in(ann.alamo("peer", "add", "BOB-R1", "--wait", "0")), "--yes")
        anycast = "fca1:ff:53::/48"
        asn = re.search(r"^origin: *(\S+)", authority.ask("show node ANN-R1"), re.M)[1]
        authority.accept([obj(("inet6num", anycast), ("netname", "ANY-NET"), mnt="HOSTMASTER-MNT")], [authority.hostmaster])
        authority.accept([obj(("route6", anycast), ("origin", asn), mnt="HOSTMASTER-MNT")],
                         [authority.hostmaster, key_of(ann, tmp_path / "ann.key")])
        serving = ann.start(sys.executable, "-m", "http.server", "--bind", "::", "5353", "--directory", "/", stderr=subprocess.DEVNULL)
        log = tmp_path / "agent.log"
        with open(log, "w") as out:
            ann.start(ALAMO, "node", "run", stdout=out, stderr=out)
        up = lambda: "Established" in ann.birdc("show", "protocols", "alamo_BOB_R1")
        wait_for(up, timeout=60, what="the session")
        ann.alamo("host", "any.ann.alamo", "--to", f"[{anycast.replace('::/48', '::53')}]:5353", "--anycast")
        wait_for(lambda: paths(bob, anycast), timeout=60, what="the service's route")

        before = ann.run("cat", "/etc/bird/alamo.conf")
        ann.run("sh", "-ec", f"""
            alamo='{ALAMO}'
            printf 'aut-num: AUTO-1\\nas-name: ANN2-AS\\nmnt-by: ANN-MNT\\nsource: ALAMO\\n' >number && $alamo submit number >said
            new=$(grep -o 'AS42526[0-9]*' said | head -1)
            $alamo show node ANN-R1 >node && sed -i "s/^origin:.*/origin: $new/" node && $alamo submit node
        """, cwd=None)
        wait_for(lambda: "did not come back" in log.read_text(), timeout=120, what="the agent to go back")
        assert "the session with BOB-R1 did not come back: the files of before are put back" in log.read_text()
        wait_for(up, timeout=60, what="the session again")
        assert ann.run("cat", "/etc/bird/alamo.conf") == before
        wait_for(lambda: paths(bob, anycast), timeout=60, what="the service's route again")
        serving.kill()
        gone = before.replace(f"\troute {anycast} unreachable;\n", "")
        assert gone != before
        # By what the agent did, and nothing else has gone; a session that flaps would take the route from Bob's table as well.
        wait_for(lambda: ann.run("cat", "/etc/bird/alamo.conf") == gone, timeout=60, what="the dead service's route to go, though the log is held")
        wait_for(lambda: not paths(bob, anycast), timeout=60, what="Bob to hear of it")
        wait_for(up, timeout=60, what="the session")


def files_below(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_hostile_authority_changes_nothing(tmp_path, own_authority):
    """With the log's own key it swaps the other end's tunnel key, or has a peering that nobody but the stranger signed."""
    authority, root, scratch = own_authority, tmp_path / "root", tmp_path / "scratch"
    scratch.mkdir()

    def member(name, *words):
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        return run(ALAMO, *words, env=nobody_home() | {"HOME": str(home)}, check=False, cwd=tmp_path)

    for name in ("ANN", "EVE"):
        folder = root if name == "ANN" else tmp_path / "eve"
        assert member(name, "join", "--name", name, "--new-key", "--server", authority.server()).returncode == 0
        assert member(name, "node", "init", f"{name}-R1", "--root", folder, "--endpoint", "192.0.2.1").returncode == 0
    said = member("EVE", "peer", "add", "ANN-R1", "--root", tmp_path / "eve").stdout
    offer = base64.urlsafe_b64decode(offer_in(said).removeprefix("alamo-peer1-") + "==")
    before, log = files_below(root), read_log(authority)

    swapped, at = list(log), find(log, b"EVE-R1")
    key = re.search(rb"wg-key: *(\S+)", swapped[at])[1]
    swapped[at] = swapped[at].replace(key, base64.b64encode(bytes(range(32))))
    time = re.search(rb"^time \d+$", log[-1], re.M)[0]
    forged = log + [f"entry {len(log)} request\n".encode() + time + b"\nresult c\n\n" + offer]
    for name, entries, said in (("swapped", swapped, "two histories"), ("forged", forged, "not what the rules give")):
        (scratch / name).mkdir()
        with Cheat(authority, entries, scratch / name) as server:
            tried = member("ANN", "node", "apply", "--root", root, "--stream", server.address)
        assert tried.returncode == 4 and said in tried.stdout + tried.stderr, (name, tried.stdout, tried.stderr)
        assert files_below(root) == before
    assert member("ANN", "node", "apply", "--root", root).returncode == 0
