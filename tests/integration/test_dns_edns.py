# SPDX-License-Identifier: MIT
"""What a client may ask beside its question: signatures, cookies, who answers, how long, and why not."""

import base64
import socket
import struct
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.tsig
import pytest
from conftest import running
from harness import run, wait_for

SECRET = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
ALGORITHMS = ("hmac-sha256", "hmac-sha384", "hmac-sha512")
NSID, EXPIRE, COOKIE, KEEPALIVE, EDE = 3, 9, 10, 11, 15


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    directory = tmp_path_factory.mktemp("edns")
    (directory / "keys").write_text("".join(f"{name}:{name}.key:{SECRET}\n" for name in ALGORITHMS))
    conf = {"dns": {"tsig_keys": directory / "keys", "allow_transfer": "key:hmac-sha256.key, key:hmac-sha384.key, key:hmac-sha512.key",
                    "nsid": "node-7"}}
    with running(directory / "dir", conf=conf) as authority:
        wait_for(lambda: authority.dns("alamo", "SOA").answer, what="the zones")
        yield authority


def keyring(secret=SECRET, name="hmac-sha256.key", algorithm="hmac-sha256"):
    return dns.tsig.Key(name, secret, algorithm)


def ask(server, query, tcp=False):
    host, port = server.endpoints["dns"]
    return (dns.query.tcp if tcp else dns.query.udp)(query, host, port=port, timeout=5)


def options(message, code):
    return [option for option in message.options if option.otype == code]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_transfer_and_answers_under_a_signature(server, algorithm):
    host, port = server.endpoints["dns"]
    query = dns.message.make_query("alamo", "AXFR")
    query.use_tsig(keyring(name=f"{algorithm}.key", algorithm=algorithm))
    wire = query.to_wire()
    records = 0
    # dnspython checks every message of the stream against the one before.
    key = keyring(name=f"{algorithm}.key", algorithm=algorithm)
    for message in dns.query.xfr(host, "alamo", port=port, keyring={dns.name.from_text(f"{algorithm}.key"): key},
                                 keyname=f"{algorithm}.key", keyalgorithm=algorithm, timeout=10):
        assert message.had_tsig
        records += sum(len(rrset) for rrset in message.answer)
    assert records > 10 and len(wire) > 100
    question = dns.message.make_query("alamo", "SOA")
    question.use_tsig(key)
    answer = ask(server, question)
    assert answer.had_tsig and answer.answer
    shown = run("dig", f"@{host}", "-p", port, "-y", f"{algorithm}:{algorithm}.key:{SECRET}", "alamo", "AXFR").stdout
    assert "Transfer failed" not in shown and "NOERROR" in shown and "XFR size" in shown, shown


def test_without_a_key_no_transfer(server):
    query = dns.message.make_query("alamo", "AXFR", use_edns=0)
    answer = ask(server, query, tcp=True)
    assert answer.rcode() == dns.rcode.REFUSED
    assert [struct.unpack("!H", option.to_wire()[:2])[0] for option in options(answer, EDE)] == [18]


@pytest.mark.parametrize("tcp", (False, True))
@pytest.mark.parametrize(
    ("key", "error"),
    ((keyring(name="nobody"), dns.tsig.PeerBadKey), (keyring(secret=base64.b64encode(b"x" * 32).decode()), dns.tsig.PeerBadSignature)),
)
def test_wrong_keys_are_told_which(server, key, error, tcp):
    query = dns.message.make_query("alamo", "AXFR" if tcp else "SOA")
    query.use_tsig(key)
    with pytest.raises(error):
        ask(server, query, tcp)


def test_wrong_clock_is_told_the_time(server, monkeypatch):
    query = dns.message.make_query("alamo", "SOA")
    query.use_tsig(keyring())
    with monkeypatch.context() as patch:
        patch.setattr("time.time", lambda real=time.time: real() - 3600)
        wire = query.to_wire()
    host, port = server.endpoints["dns"]
    with socket.create_connection((host, port), timeout=5) as sock:
        sock.sendall(struct.pack("!H", len(wire)) + wire)
        reply = sock.recv(65536)[2:]
    assert reply[3] & 15 == dns.rcode.NOTAUTH
    # original ID, error BADTIME, and our clock: the end of the record
    error, length = struct.unpack("!HH", reply[-10:-6])
    assert (error, length) == (18, 6)


def test_cookies(server):
    query = dns.message.make_query("alamo", "SOA", options=[dns.edns.GenericOption(COOKIE, b"12345678")])
    (cookie,) = options(ask(server, query), COOKIE)
    data = cookie.to_wire()
    assert len(data) == 24 and data[:8] == b"12345678" and data[8] == 1
    again = dns.message.make_query("alamo", "SOA", options=[dns.edns.GenericOption(COOKIE, data)])
    answer = ask(server, again)
    assert answer.answer and options(answer, COOKIE)[0].to_wire()[:12] == data[:12]  # behind it stands the time
    wrong = dns.message.make_query("alamo", "SOA", options=[dns.edns.GenericOption(COOKIE, b"123456789")])
    assert ask(server, wrong).rcode() == dns.rcode.FORMERR
    # RFC 7873 section 5.4: a cookie without a question
    bare = dns.message.Message(id=1)
    bare.use_edns(0, options=[dns.edns.GenericOption(COOKIE, b"12345678")])
    answer = ask(server, bare)
    assert answer.rcode() == dns.rcode.NOERROR and options(answer, COOKIE) and not answer.question


def test_nsid_keepalive_expire(server):
    wanted = [dns.edns.GenericOption(code, b"") for code in (NSID, EXPIRE, KEEPALIVE)]
    udp = ask(server, dns.message.make_query("alamo", "SOA", options=wanted))
    assert [option.to_wire() for option in options(udp, NSID)] == [b"node-7"]
    assert [option.to_wire() for option in options(udp, EXPIRE)] == [struct.pack("!I", udp.answer[0][0].expire)]
    assert not options(udp, KEEPALIVE)
    tcp = ask(server, dns.message.make_query("alamo", "SOA", options=wanted), tcp=True)
    assert [option.to_wire() for option in options(tcp, KEEPALIVE)] == [struct.pack("!H", 200)]
    plain = ask(server, dns.message.make_query("alamo", "SOA", use_edns=0))
    assert not plain.options
    assert not options(ask(server, dns.message.make_query("www.alamo", "A", options=wanted)), EXPIRE)


def test_other_zones_are_refused_with_a_reason(server):
    # The root is ours: only another class is not.
    query = dns.message.make_query("alamo", "SOA", use_edns=0)
    query.question[0].rdclass = 4
    assert ask(server, query).rcode() == dns.rcode.REFUSED


def test_digest_of_each_zone(server, tmp_path):
    """ZONEMD (RFC 8976), as ldns sees it: it must be there, and fit."""
    host, port = server.endpoints["dns"]
    for number, zone in enumerate((".", "alamo", "1.a.c.f.ip6.arpa")):
        text = run("dig", f"@{host}", "-p", port, "-y", f"hmac-sha256:hmac-sha256.key:{SECRET}", zone, "AXFR", "+onesoa", "+noall",
                   "+answer").stdout
        kept = [line for line in text.splitlines() if "\tTSIG\t" not in line]
        path = tmp_path / f"{number}.zone"
        path.write_text("\n".join(kept) + "\n")
        said = run("ldns-verify-zone", "-ZZ", path)
        assert "verified and complete" in said.stdout + said.stderr, said
        path.write_text(path.read_text().replace(" 300 60 ", " 301 60 ", 1))
        assert run("ldns-verify-zone", "-ZZ", path, check=False).returncode != 0
