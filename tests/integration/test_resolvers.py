# SPDX-License-Identifier: MIT
"""Knot Resolver and BIND as validating resolvers, from root hints and the anchor files alone, on a cold start."""

import shutil

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest
from conftest import running
from harness import Key, records, run, wait_for

PORT = 5300
ROOTS = [f"fca1:0:{letter}::53" for letter in "abcdef"]


def resolve(name, kind, timeout=10):
    query = dns.message.make_query(name, kind, want_dnssec=True)
    query.flags |= dns.flags.AD
    return dns.query.udp_with_fallback(query, "::1", port=PORT, timeout=timeout)[0]


@pytest.fixture
def world(netns, tmp_path):
    for address in ROOTS:
        run("ip", "-6", "addr", "add", f"{address}/128", "dev", "lo", "nodad")
    with running(tmp_path / "dir", ports="standard", listen=", ".join(["127.0.0.1", "::1", *ROOTS])) as authority:
        key = Key(tmp_path / "member")
        lines = ["@ AAAA fca1:100::1", "www CNAME fisher.alamo", "* CNAME www.fisher.alamo", "*.text TXT hello"]
        authority.member(key, domain="fisher.alamo", records=lines)
        wait_for(lambda: authority.dns("fisher.alamo", "AAAA").answer, what="fisher.alamo")
        yield authority


def kresd(world, directory):
    hints = ", ".join(f"['{letter}.root-servers.'] = '{address}'" for letter, address in zip("abcdef", ROOTS))
    conf = directory / "kresd.conf"
    conf.write_text(
        f"net.listen('::1', {PORT}, {{ kind = 'dns' }})\nnet.ipv4 = false\nmodules.load('hints')\nhints.root({{ {hints} }})\n"
        f"trust_anchors.remove('.')\ntrust_anchors.add_file('{world.dir}/run/trust-anchor.key', true)\n"
        "cache.size = 10 * MB\nlog_level('info')\n"
    )
    return ["kresd", "-n", "-c", conf, directory]


def named(world, directory):
    hints = "".join(f". 3600 NS {l}.root-servers.\n{l}.root-servers. 3600 AAAA {a}\n" for l, a in zip("abcdef", ROOTS))
    (directory / "hints").write_text(hints)
    conf = directory / "named.conf"
    conf.write_text(
        f'options {{ directory "{directory}"; listen-on {{ none; }}; listen-on-v6 port {PORT} {{ ::1; }}; pid-file none;\n'
        f'session-keyfile "{directory}/session.key"; lock-file none; recursion yes; dnssec-validation yes;\n'
        f'empty-zones-enable no; }};\ncontrols {{ }};\nzone "." {{ type hint; file "{directory}/hints"; }};\n'
        f'include "{world.dir}/run/trust-anchor.bind";\n'
    )
    return ["named", "-g", "-6", "-n", "1", "-c", conf]


NAMES = (
    ("fisher.alamo", "AAAA", dns.rcode.NOERROR),
    ("www.fisher.alamo", "AAAA", dns.rcode.NOERROR),
    ("any.fisher.alamo", "AAAA", dns.rcode.NOERROR),
    ("a.text.fisher.alamo", "TXT", dns.rcode.NOERROR),
    ("fisher.alamo", "MX", dns.rcode.NOERROR),
    ("nobody.alamo", "AAAA", dns.rcode.NXDOMAIN),
    ("a.root-servers", "AAAA", dns.rcode.NOERROR),
    ("9.9.9.1.a.c.f.ip6.arpa", "PTR", dns.rcode.NXDOMAIN),
    ("alamo", "DS", dns.rcode.NOERROR),
)


@pytest.mark.parametrize("resolver", (kresd, named))
def test_cold_start(world, children, tmp_path, resolver):
    if shutil.which(resolver.__name__) is None:
        pytest.skip(f"no {resolver.__name__} here")
    directory = tmp_path / resolver.__name__
    directory.mkdir()
    log = directory / "log"
    children(resolver(world, directory), stderr=open(log, "wb"), stdout=open(directory / "out", "wb"), cwd=directory)
    wait_for(lambda: resolve(".", "SOA", 1), what="the resolver")
    for name, kind, rcode in NAMES:
        answer = resolve(name, kind)
        text = f"{name} {kind}: {answer}\n{log.read_text(errors='replace')[-3000:]}"
        assert answer.rcode() == rcode, text
        assert answer.flags & dns.flags.AD, text
    assert records(resolve("any.fisher.alamo", "AAAA"), "fisher.alamo", "AAAA") == ["fca1:100::1"]
