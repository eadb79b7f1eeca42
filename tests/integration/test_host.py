# SPDX-License-Identifier: MIT
"""A name for something of one's own: one request sets address, reverse name, records and service, and the node opens for it.

    ANN's machine --.
    BOB's machine --+-- our namespace, with the registry and a wire between all of them (tests/lab/machines.py)
    HAL's machine --'
"""

import functools
import hashlib
import json
import re
import subprocess
import sys

import dns.reversename
from conftest import running
from harness import ALAMO, BIN, ROOT, Key, nobody_home, obj, records, run, wait_for
from machines import WIRE
from newcomer import address_in, offer_in, paths

ANYCAST = "fca1:ff:53::/48"
SERVE = ("-m", "http.server", "--bind")


def joined(internet, authority, name, number, router="bird"):
    machine = internet.machine(name.lower(), number, router)
    machine.alamo("join", "--name", name, "--new-key", "--server", authority.server(), "--domain", f"{name.lower()}.alamo")
    said = machine.alamo("node", "init", f"{name}-R1", "--whole", "--router", router, "--endpoint", machine.address)
    machine.node, machine.loopback = f"{name}-R1", address_in(said)
    machine.asn = re.search(r"node of AS(\d+)", said)[1]
    if router == "frr":
        agent(machine)    # has it look again when origins come
    return machine


def agent(machine):
    """What alamo-node.service runs."""
    machine.start(ALAMO, "node", "run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def key_of(machine, path):
    """The key that a machine's person signs with: its home is seen by nobody else."""
    for end in ("", ".pub"):
        (path.parent / f"{path.name}{end}").write_text(machine.run("cat", f"{machine.home}/.ssh/id_ed25519{end}"))
    path.chmod(0o600)
    return Key(path)


def link(a, b):
    offer = offer_in(a.alamo("peer", "add", b.node, "--wait", "0"))
    b.alamo("peer", "accept", offer, "--yes")
    a.alamo("node", "apply")
    for one, other in ((a, b), (b, a)):
        wait_for(lambda one=one, other=other: one.reaches(other.loopback), timeout=150, what=f"{other.node} from {one.node}")


def fetched(machine, address, port):
    """The page, or None."""
    said = subprocess.run([*machine.inside, "curl", "-s", "-m", "5", f"http://[{address}]:{port}/etc/hostname"],
                          capture_output=True, text=True, timeout=30)
    return said.stdout if said.returncode == 0 else None


def served(authority, name, kind):
    return sorted(records(authority.dns(name, kind), name, kind))


def wait_served(authority, name, kind, wanted):
    wait_for(lambda: served(authority, name, kind) == wanted, what=f"{name} {kind} to be {wanted}")


def certificate(folder, days=30):
    """A self-signed one, and SHA-256 of its public key as openssl computes it."""
    pair = folder / "cert.pem", folder / "key.pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=www.ann.alamo",
        "-days", str(days), "-out", pair[0], "-keyout", pair[1])
    spki = run("openssl", "x509", "-in", pair[0], "-noout", "-pubkey").stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=spki.encode(), capture_output=True, check=True).stdout
    return *pair, hashlib.sha256(der).hexdigest()


def services(machine, *words, env=None):
    said = run(*machine.inside, *(env or ()), ALAMO, "services", "--json", *words, env=machine.env).stdout
    return {one["service"]: one for one in json.loads(said)["services"]}


def test_a_name_for_a_service(internet, tmp_path):
    """Set by one request, open at the node, found and asked by others; and all of it gone again."""
    cert, key, spki = certificate(tmp_path)
    host_key = Key(tmp_path / "host_key")
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        ann, bob = joined(internet, authority, "ANN", 1), joined(internet, authority, "BOB", 2)
        link(bob, ann)
        address = ann.loopback.replace("::1", "::80")
        reverse = dns.reversename.from_address(address).to_text(omit_final_dot=True)
        size = int(authority.ask("head").split("\n")[1])

        said = ann.alamo("host", "www.ann.alamo", "--to", "[::80]:8080", "--port", "tcp/8443", "--port", "udp/27960", "--https",
                         "--srv", "_http._tcp", "--mail", "ann.alamo", "--tls", cert, "--ssh", f"{host_key.path}.pub",
                         "--url", "https://www.ann.alamo:8443/", "--descr", "a page")
        assert f"www.ann.alamo leads to {address}, and back; service WWW-ANN-ALAMO" in said
        assert int(authority.ask("head").split("\n")[1]) == size + 1          # one entry: all of it or nothing

        wait_served(authority, "www.ann.alamo", "AAAA", [address])
        assert served(authority, reverse, "PTR") == ["www.ann.alamo."]
        assert served(authority, "_http._tcp.www.ann.alamo", "SRV") == ["0 5 8080 www.ann.alamo."]
        assert served(authority, "ann.alamo", "MX") == ["10 www.ann.alamo."]
        assert served(authority, "www.ann.alamo", "HTTPS") == ['1 . alpn="h2,http/1.1" port="8080"']
        for port in (8080, 8443):
            assert served(authority, f"_{port}._tcp.www.ann.alamo", "TLSA") == [f"3 1 1 {spki}"]
        fingerprint = run("ssh-keygen", "-r", "x", "-f", f"{host_key.path}.pub").stdout
        assert re.findall(r"SSHFP (\d+ 2 [0-9a-f]+)", fingerprint) == served(authority, "www.ann.alamo", "SSHFP")
        assert "reverse:" in authority.whois(f"-r {address}") and "port:" in authority.whois("-T service WWW-ANN-ALAMO")

        # The address is there and the port is open: a server that is started now is reached over the tunnel.
        page = ann.start(sys.executable, *SERVE, address, "8080", "--directory", "/", stderr=subprocess.DEVNULL)
        hidden = ann.start(sys.executable, *SERVE, address, "8081", "--directory", "/", stderr=subprocess.DEVNULL)
        ann.start("openssl", "s_server", "-accept", f"[{address}]:8443", "-cert", cert, "-key", key, "-quiet",
                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: fetched(bob, address, 8080), timeout=60, what="the page")
        wait_for(lambda: fetched(ann, address, 8081), what="the server that nobody is to reach")
        assert fetched(bob, address, 8081) is None

        found = wait_for(lambda: (one := services(bob, "--check")["WWW-ANN-ALAMO"])["state"] == "up" and one, timeout=60,
                         what="it to be found")
        assert found["tls-days"] in (29, 30) and found["address"] == [address] and found["mnt-by"] == ["ANN-MNT"]
        assert re.search(r"^up +WWW-ANN-ALAMO +https://www.ann.alamo:8443/ .*a page  TLS \d+ days$", bob.alamo("services", "--check"), re.M)
        for process in (page, hidden):
            process.terminate()
            process.wait(20)
        down = services(bob, "--check")["WWW-ANN-ALAMO"]
        assert down["state"] == "down" and down["seen"] >= found["seen"]
        late = services(bob, "--check", env=("faketime", "-f", "+15d"))["WWW-ANN-ALAMO"]
        assert late["state"] == "stale" and late["seen"] == down["seen"]
        assert "state" not in services(bob)["WWW-ANN-ALAMO"]

        # Said again it replaces what it said before, and keeps what it does not speak of.
        ann.alamo("host", "www.ann.alamo", "--to", "[::81]:8080")
        other = address.replace("::80", "::81")
        wait_served(authority, "www.ann.alamo", "AAAA", [other])
        assert served(authority, "www.ann.alamo", "SSHFP") and "a page" in ann.alamo("services")
        assert {address, other} & set(re.findall(r"inet6 (\S+)/128", ann.run("ip", "-6", "addr", "show", "dev", "lo"))) == {other}

        assert "leads nowhere any more" in ann.alamo("unhost", "www.ann.alamo")
        for name, kind in (("www.ann.alamo", "AAAA"), ("www.ann.alamo", "SSHFP"), ("ann.alamo", "MX"), (reverse, "PTR"),
                           ("_8443._tcp.www.ann.alamo", "TLSA"), ("_http._tcp.www.ann.alamo", "SRV")):
            wait_served(authority, name, kind, [])
        assert ann.alamo("services").startswith("no service is registered")
        assert other not in ann.run("ip", "-6", "addr", "show", "dev", "lo") and ann.reaches(ann.loopback)
        assert "8080" not in ann.run("nft", "list", "ruleset")
        assert authority.verify().returncode == 0


def test_what_is_not_ones_own(own_authority, tmp_path):
    """Nothing is sent for a name, an address or a service of somebody else; a mistyped option is named."""
    def member(name, *words):
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        return run(ALAMO, *words, env=nobody_home() | {"HOME": str(home)}, check=False)

    for name in ("ANN", "EVE"):
        assert member(name, "join", "--name", name, "--new-key", "--server", own_authority.server(), "--domain", f"{name.lower()}.alamo",
                      ).returncode == 0
    annes = re.search(r"fca1:[0-9a-f:]+", own_authority.ask("show domain ann.alamo"))[0]
    size = own_authority.ask("head").split("\n")[1]
    for words, said in ((("www.ann.alamo", "--to", f"[{annes}]:80"), "is not maintained by your key"),
                        (("www.nobody.alamo", "--to", ":80"), "is no address, and this machine is no node"),
                        (("www.nobody.alamo", "--to", f"[{annes}]:80"), "no domain has"),
                        (("www.eve.alamo", "--to", "[::80]"), "which port?"),
                        (("www.eve.alamo", "--to", "[::80]:0"), "is no port"),
                        (("www.eve.alamo", "--to", "[::80]:80", "--port", "443"), "no PROTOCOL/PORT"),
                        (("www.eve.alamo", "--to", "[::80]:80", "--anycast"), "this machine is none"),
                        (("www.eve.alamo", "--to", "[::80]:80", "--tls", "/dev/null"), "no certificate"),
                        (("www.eve.alamo", "--to", "[::80]:80", "--ssh", "/dev/null"), "no public host key"),
                        (("www.eve.alamo", "--to", "[::80]:80", "--srv", "_x._udp"), "--srv"),
                        (("www.eve.alamo", "--to", "[::80]:80", "--srv", "_x._tcp.ann.alamo"), "is not in eve.alamo")):
        tried = member("EVE", "host", *words)
        assert tried.returncode in (1, 2) and said in tried.stderr, (words, tried.stdout, tried.stderr)
    assert own_authority.ask("head").split("\n")[1] == size

    # An address of another's is led to, but its name stays its holder's.
    led = member("EVE", "host", "mirror.eve.alamo", "--to", f"[{annes}]:80")
    assert led.returncode == 0 and "The reverse name is not set" in led.stdout
    assert "reverse:" not in own_authority.ask(f"show inet6num {annes.replace('::1', '::/48')}")


def test_anycast_follows_the_service(internet, tmp_path):
    """Two nodes have one address; the one whose server dies takes its route back, and has it again later."""
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        ann, hal, bob = (joined(internet, authority, name, number) for number, name in enumerate(("ANN", "HAL", "BOB"), 1))
        address = ANYCAST.replace("::/48", "::53")
        block = obj(("inet6num", ANYCAST), ("netname", "ANY-NET"), mnt="HOSTMASTER-MNT")
        authority.accept([block], [authority.hostmaster])
        for machine in (ann, hal):
            route = obj(("route6", ANYCAST), ("origin", f"AS{machine.asn}"), mnt="HOSTMASTER-MNT")
            authority.accept([route], [authority.hostmaster, key_of(machine, tmp_path / f"{machine.name}.key")])
            link(bob, machine)
            agent(machine)
            name = f"any.{machine.name}.alamo"
            assert "announces it while it answers" in machine.alamo("host", name, "--to", f"[{address}]:5353", "--anycast")

        def serving(machine):
            return machine.start(sys.executable, *SERVE, "::", "5353", "--directory", "/", stderr=subprocess.DEVNULL)

        def origins():
            return {path[-1] for path in paths(bob, ANYCAST) if path}

        assert origins() == set()                       # nothing answers, nothing is announced
        here, there = serving(ann), serving(hal)
        wait_for(lambda: origins() == {ann.asn, hal.asn}, timeout=60, what="both instances")
        wait_for(lambda: fetched(bob, address, 5353), timeout=60, what="an answer")
        here.kill()
        wait_for(lambda: origins() == {hal.asn}, timeout=60, what="the dead one's route to go")
        assert fetched(bob, address, 5353) and f"{address}/128" not in ann.run("ip", "-6", "addr", "show", "dev", "lo")
        assert ann.loopback and bob.reaches(ann.loopback)          # its own block stays
        here = serving(ann)
        wait_for(lambda: origins() == {ann.asn, hal.asn}, timeout=60, what="its return")
        hal.alamo("unhost", "any.hal.alamo")
        wait_for(lambda: origins() == {ann.asn}, timeout=60, what="the other one's route to go")
        assert fetched(bob, address, 5353)
        for process in (here, there):
            process.kill()


RECIPES = {
    "A static site": "<p>ANN is here.",
    "Git": "git answers",
    "IRC": ":irc.ann.alamo 001 bob",
    "Mail": "Verification: OK\ndelivered",
    "XMPP": "0 5 5222 xmpp.ann.alamo.\nfrom='ann.alamo'",
    "A game": "0 5 8303 game.ann.alamo.\nmine",
}


def recipes():
    """{title: [what ANN types, what BOB types]} of docs/hosting.md."""
    found = {}
    for section in re.split(r"^## ", (ROOT / "docs/hosting.md").read_text(), flags=re.M)[1:]:
        blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.M | re.S)
        if blocks:
            found[section.split("\n", 1)[0]] = blocks
    return found


def typed(machine, script, check=True):
    return machine.run("sh", "-ec", f"PATH={BIN}:$PATH\n{script}", check=check)


def test_recipes(internet, tmp_path):
    """docs/hosting.md as it stands: real servers on ANN's node, looked at by name from BOB's."""
    assert set(recipes()) == set(RECIPES)
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        ann, bob = joined(internet, authority, "ANN", 1), joined(internet, authority, "BOB", 2)
        link(bob, ann)
        anchors = tmp_path / "anchors"
        anchors.write_text("".join(file.read_text() for file in sorted((authority.dir / "run").glob("trust-anchor-*.ds"))))
        bob.alamo("resolver", "unbound", "--anchor", anchors, "--install")
        bob.run("sh", "-c", "systemctl restart unbound; echo nameserver 127.0.0.1 >/etc/resolv.conf")
        ann.run("sh", "-c", "mkdir -p /etc/ssh; test -e $0 || ssh-keygen -q -t ed25519 -N '' -f $0", "/etc/ssh/ssh_host_ed25519_key")
        for title, (script, look) in recipes().items():
            typed(ann, script)
            try:
                wait_for(functools.partial(seen, bob, look, RECIPES[title]), timeout=60, what=f"{title} from BOB's")
            except AssertionError:
                print(title, typed(bob, look + " 2>&1", check=False), ann.run("sh", "-c", "tail -n 20 /run/started.*"), sep="\n")
                raise
        wait_for(lambda: "Is it up?" in ann.run("sh", "-c", "cat /var/mail/ann/new/*", check=False), what="BOB's letter")
        states = {name: one["state"] for name, one in services(bob, "--check").items()}
        assert states.pop("GAME-ANN-ALAMO") is None and set(states.values()) == {"up"} and len(states) == 5, states


def test_udp_of_a_node(internet, tmp_path):
    """Without --to it is the node's own address, which is what UDP servers answer from."""
    with running(tmp_path / "dir", listen=f"{WIRE}.254") as authority:
        ann = joined(internet, authority, "ANN", 1)
        said = ann.alamo("host", "game.ann.alamo", "--port", "udp/8303", "--srv", "_game._udp")
        assert f"game.ann.alamo leads to {ann.loopback}, and back" in said
        assert "udp . 8303" in ann.run("nft", "list", "set", "inet", "alamo", "services")


def seen(machine, look, wanted):
    return wanted in typed(machine, look, check=False).replace("\r", "")
