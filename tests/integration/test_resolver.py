# SPDX-License-Identifier: MIT
"""`alamo resolver`: what it prints, in Debian's resolvers, beside a public root that is signed and knows nothing of the network."""

import shutil

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from conftest import running
from harness import Key, alamo, obj, records, run, wait_for

PORT = 5300
ROOTS = [f"fca1:0:{letter}::53" for letter in "abcdef"]
PUBLIC, MEMBER = "2001:db8::53", "fca1:100::53"
PROGRAMS = ("unbound", "bind", "kresd", "dnsmasq")
LINES = ["@ AAAA fca1:100::1", "www CNAME fisher.alamo", "lan AAAA fd12::1", "lan A 10.1.2.3"]
GOOD, NONE, BOGUS = dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL

# The neighbour first: its denial by the public root spans the place of the network's own zone.
NAMES = (
    ("alamn", "A", NONE),
    ("alamp", "A", NONE),
    ("fisher.alamo", "AAAA", GOOD),
    ("www.fisher.alamo", "AAAA", GOOD),
    ("fisher.alamo", "MX", GOOD),
    ("lan.fisher.alamo", "AAAA", GOOD),
    ("lan.fisher.alamo", "A", GOOD),
    ("nobody.alamo", "AAAA", NONE),
    ("9.9.9.1.a.c.f.ip6.arpa", "PTR", NONE),
    ("www.example", "AAAA", GOOD),
)


def resolve(name, kind, timeout=10, dnssec=True):
    query = dns.message.make_query(name, kind, want_dnssec=dnssec)
    query.flags |= dns.flags.AD
    return dns.query.udp_with_fallback(query, "::1", port=PORT, timeout=timeout)[0]


class PublicRoot:
    """A signed root with a name of its own, at NSD, which serves a member's zone (without signatures) too."""

    def __init__(self, directory, children):
        directory.mkdir()
        run("ip", "-6", "addr", "add", f"{MEMBER}/128", "dev", "lo", "nodad")
        (directory / "deep").write_text(
            f"$ORIGIN deep.alamo.\n$TTL 300\n@ SOA ns host 1 1800 900 604800 300\n@ NS ns\nns AAAA {MEMBER}\nhost AAAA {MEMBER}\n"
        )
        run("ip", "-6", "addr", "add", f"{PUBLIC}/128", "dev", "lo", "nodad")
        (directory / "zone").write_text(
            f"$ORIGIN .\n$TTL 86400\n@ SOA a.nic. host.nic. 1 1800 900 604800 86400\n@ NS a.nic.\na.nic. AAAA {PUBLIC}\n"
            "www.example. AAAA 2600::1\n"
        )
        key = run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", ".", cwd=directory).stdout.strip()
        run("ldns-signzone", "-o", ".", "zone", key, cwd=directory)
        self.ds = self.line(run("ldns-key2ds", "-n", "-2", f"{key}.key", cwd=directory).stdout)
        self.key = (directory / f"{key}.key").read_text().split(";")[0].strip()
        self.hints = directory / "hints"
        self.hints.write_text(f". 3600 NS a.nic.\na.nic. 3600 AAAA {PUBLIC}\n")
        (directory / "nsd.conf").write_text(
            f'server:\n\tip-address: {PUBLIC}\n\tip-address: {MEMBER}\n\tusername: ""\n\tchroot: ""\n\tzonesdir: "{directory}"\n\tdatabase: ""\n'
            f'\tpidfile: ""\n\txfrdfile: "{directory}/xfrd"\n\tzonelistfile: "{directory}/list"\n\tserver-count: 1\n'
            'remote-control:\n\tcontrol-enable: no\nzone:\n\tname: "."\n\tzonefile: "zone.signed"\n'
            'zone:\n\tname: "deep.alamo"\n\tzonefile: "deep"\n'
        )
        children(["nsd", "-d", "-c", directory / "nsd.conf"], stderr=open(directory / "log", "wb"))

    @staticmethod
    def line(text):
        words = text.split()
        at = words.index("DS") + 1
        return [*words[at : at + 3], "".join(words[at + 3 :])]


# ---- each program as Debian sets it up, with the public root's anchor in Debian's form, and our file included ----


def unbound(root, made, directory):
    (directory / "root.key").write_text(root.key + "\n")
    (directory / "main").write_text(
        f'server:\n\tdirectory: "{directory}"\n\tchroot: ""\n\tusername: ""\n\tpidfile: ""\n\tuse-syslog: no\n\tverbosity: 2\n'
        f"\tinterface: ::1@{PORT}\n\tdo-ip4: no\n\tnum-threads: 1\n\troot-hints: \"{root.hints}\"\n"
        f'\tauto-trust-anchor-file: "{directory}/root.key"\n\tprivate-address: fc00::/7\n\tprivate-address: 10.0.0.0/8\n'
        f'include: "{made}"\nremote-control:\n\tcontrol-enable: no\n'
    )
    return ["unbound", "-d", "-c", directory / "main"]


def bind(root, made, directory):
    tag, algorithm, kind, digest = root.ds
    (directory / "keys").write_text(f'trust-anchors {{ . initial-ds {tag} {algorithm} {kind} "{digest}"; }};\n')
    (directory / "main").write_text(
        f'options {{ directory "{directory}"; listen-on {{ none; }}; listen-on-v6 port {PORT} {{ ::1; }}; pid-file none;\n'
        f'session-keyfile "{directory}/session.key"; lock-file none; recursion yes; dnssec-validation auto;\n'
        f'bindkeys-file "{directory}/keys"; }};\ncontrols {{ }};\nzone "." {{ type hint; file "{root.hints}"; }};\n'
        f'include "{made}";\n'
    )
    return ["named", "-g", "-6", "-n", "1", "-c", directory / "main"]


def kresd(root, made, directory):
    (directory / "main").write_text(
        f"net.listen('::1', {PORT}, {{ kind = 'dns' }})\nnet.ipv4 = false\nmodules.load('hints')\n"
        f"hints.root({{ ['a.nic.'] = '{PUBLIC}' }})\ntrust_anchors.remove('.')\n"
        f"trust_anchors.add('. IN DS {' '.join(root.ds)}')\ncache.size = 10 * MB\nlog_level('info')\ndofile('{made}')\n"
    )
    return ["kresd", "-n", "-c", directory / "main", directory]


def dnsmasq(root, made, directory):
    (directory / "main").write_text(
        f"port={PORT}\nlisten-address=::1\nbind-interfaces\nno-resolv\nno-hosts\npid-file={directory}/pid\nuser=\n"
        f"stop-dns-rebind\nbogus-priv\nserver={PUBLIC}\ntrust-anchor=.,{','.join(root.ds)}\nconf-file={made}\nlog-queries\n"
    )
    return ["dnsmasq", "-k", "--log-facility=-", "-C", directory / "main"]


def missing(program):
    names = {"bind": "named"}
    return shutil.which(names.get(program, program)) is None


START = {"unbound": unbound, "bind": bind, "kresd": kresd, "dnsmasq": dnsmasq}


@pytest.fixture
def world(netns, tmp_path, children):
    for address in ROOTS:
        run("ip", "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
    root = PublicRoot(tmp_path / "public", children)
    with running(tmp_path / "dir", ports="standard", listen=", ".join(["127.0.0.1", "::1", *ROOTS])) as authority:
        key = Key(tmp_path / "member")
        made = authority.member(key, domain="fisher.alamo", records=LINES)
        assert MEMBER.startswith(made.key("inet6num").split("::")[0])
        authority.accept([obj(("domain", "deep.alamo"), ("nserver", f"ns.deep.alamo {MEMBER}"), mnt="FISHER-MNT")], [key])
        wait_for(lambda: authority.dns("deep.alamo", "NS").authority, what="deep.alamo")
        wait_for(lambda: authority.dns("fisher.alamo", "AAAA").answer, what="fisher.alamo")
        authority.public = root
        yield authority


def printed(authority, program, *words):
    servers = [word for address in ROOTS[:2] for word in ("--dns", address)]
    return alamo("resolver", program, *servers, *(words or ("--dir", authority.dir))).stdout


def start(world, children, directory, program, text):
    if missing(program):
        pytest.skip(f"no {program} here")
    directory.mkdir()
    (directory / "made").write_text(text)
    log = directory / "log"
    command = START[program](world.public, directory / "made", directory)
    children(command, stderr=open(log, "wb"), stdout=open(directory / "out", "wb"), cwd=directory)
    wait_for(lambda: resolve("www.example", "AAAA", 1).rcode() == GOOD, what=f"{program}: {log.read_text()[-2000:]}")
    return log


@pytest.mark.parametrize("program", PROGRAMS)
def test_validates_beside_the_public_root(world, children, tmp_path, program):
    log = start(world, children, tmp_path / program, program, printed(world, program))
    for name, kind, rcode in NAMES:
        answer = resolve(name, kind)
        text = f"{name} {kind}: {answer}\n{log.read_text(errors='replace')[-3000:]}"
        assert answer.rcode() == rcode, text
        assert answer.flags & dns.flags.AD, text
    assert records(resolve("www.fisher.alamo", "AAAA"), "fisher.alamo", "AAAA") == ["fca1:100::1"]
    # What a member's own servers answer, for who follows delegations; the others' files say that they do not.
    follows = records(resolve("host.deep.alamo", "AAAA"), "host.deep.alamo", "AAAA") == [MEMBER]
    assert follows == (program in ("unbound", "bind"))
    assert follows == ("follows nothing" not in printed(world, program))
    # Private addresses are what these names have, rebinding filter or not.
    assert records(resolve("lan.fisher.alamo", "AAAA"), "lan.fisher.alamo", "AAAA") == ["fd12::1"]
    assert records(resolve("lan.fisher.alamo", "A"), "lan.fisher.alamo", "A") == ["10.1.2.3"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_another_key_is_bogus(world, children, tmp_path, program):
    """The anchor is used: with one of another key nothing of the zone is believed, and the public names stay."""
    wrong = tmp_path / "wrong"
    wrong.write_text(f"alamo. 3600 IN DS 1 13 2 {'ab' * 32}\n")
    start(world, children, tmp_path / program, program, printed(world, program, "--anchor", wrong))
    assert resolve("fisher.alamo", "AAAA").rcode() == BOGUS
    answer = resolve("www.example", "AAAA")
    assert answer.rcode() == GOOD and answer.flags & dns.flags.AD


def test_questions_for_the_zones_ds_do_no_harm(world, children, tmp_path):
    """What a validating stub behind the resolver asks by itself."""
    start(world, children, tmp_path / "unbound", "unbound", printed(world, "unbound"))
    resolve("alamo", "DS")
    answer = resolve("fisher.alamo", "AAAA")
    assert answer.rcode() == GOOD and answer.flags & dns.flags.AD


def test_server_of_the_registry(authority):
    """Without --dns it is the server that the registry names, at its port."""
    host, port = authority.endpoints["dns"]
    text = authority.cli("resolver", "unbound", "--dir", authority.dir).stdout
    assert f"stub-addr: {host}@{port}\n" in text and "do-not-query-localhost: no" in text
    refused = authority.cli("resolver", "bind", "--dir", authority.dir, check=False)
    assert refused.returncode == 2 and "port 53 only" in refused.stderr


@pytest.mark.parametrize("program", ("unbound", "bind", "dnsmasq"))
def test_check_has_the_program_read_it(authority, program):
    if missing(program):
        pytest.skip(f"no {program} here")
    done = authority.cli("resolver", program, "--dir", authority.dir, "--dns", "fca1::53", "--check")
    assert done.stdout == "" and " takes /etc/" in done.stderr


def test_install_and_undo(authority, tmp_path):
    """Each program's files by themselves; what was there comes back byte for byte."""
    words = ("--dir", authority.dir, "--dns", "fca1::53", "--root", tmp_path)
    mine, positive = tmp_path / "etc/unbound/unbound.conf.d/alamo.conf", tmp_path / "etc/dnssec-trust-anchors.d/alamo.positive"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"# by hand\nserver:\n\tverbosity: 1")
    text = authority.cli("resolver", "unbound", *words).stdout
    assert mine.read_bytes().startswith(b"# by hand")  # printing places nothing
    done = authority.cli("resolver", "unbound", *words, "--install").stdout
    assert done == f"changed  {mine}\nNext: systemctl restart unbound\n" and mine.read_text() == text
    assert authority.cli("resolver", "resolved", *words, "--install").stdout.count("new ") == 2
    assert {len(line.split()) for line in positive.read_text().splitlines() if line[0] != ";"} == {7}
    assert "same " in authority.cli("resolver", "unbound", *words, "--install").stdout
    assert authority.cli("resolver", "unbound", "--root", tmp_path, "--undo").stdout == f"gone     {mine}\n"
    assert mine.read_bytes() == b"# by hand\nserver:\n\tverbosity: 1" and positive.exists()
    authority.cli("resolver", "resolved", "--root", tmp_path, "--undo")
    assert not positive.exists()


def test_what_the_program_refuses_is_not_installed(authority, tmp_path):
    """A checker that says no, found first in PATH."""
    no = tmp_path / "bin" / "unbound-checkconf"
    no.parent.mkdir()
    no.write_text("#!/bin/sh\necho 'not today'\nexit 1\n")
    no.chmod(0o755)
    environment = authority.environment()
    environment["PATH"] = f"{no.parent}:{environment['PATH']}"
    words = ("--dir", authority.dir, "--dns", "fca1::53", "--root", tmp_path / "root", "--install")
    refused = alamo("resolver", "unbound", *words, env=environment, check=False)
    assert refused.returncode == 1 and "not today" in refused.stderr and not (tmp_path / "root/etc").exists()


def test_wrong_words_say_what_would_be_right(authority, tmp_path):
    for words, said in (
        (("pdns", "--dir", authority.dir), "unbound, bind, kresd, resolved or dnsmasq"),
        (("unbound",), "--anchor FILE"),
        (("unbound", "--dir", tmp_path), "No such file"),
        (("kresd", "--dir", authority.dir, "--check"), "no mode"),
        (("unbound", "--dir", authority.dir, "--check", "--undo"), "one of them"),
    ):
        refused = authority.cli("resolver", *words, "--dns", "fca1::53", check=False)
        assert refused.returncode == 2 and said in refused.stderr, refused.stderr
    assert authority.cli("resolver", "unbound", "--dir", authority.dir, "--dns", "fca1::53").stdout.count("stub-zone") >= 2
