# SPDX-License-Identifier: MIT
"""RTR over TLS (RFC 8210 section 9.2): real clients, routers' certificates, renewal, and who means no good."""

import contextlib
import json
import os
import signal
import socket
import ssl
import struct
import time
import urllib.request

import pytest
from conftest import running
from harness import BIN, RTR_RESET_QUERY, Authority, Key, Rtr, run, wait_for
from test_reload import replaced

NAME = "cache.example"


class Ca:
    """An authority of certificates, by the openssl program."""

    def __init__(self, folder, name):
        self.folder, self.path = folder, folder / f"{name}.pem"
        self.key = folder / f"{name}.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.path)
        (folder / f"{name}.db").touch()
        self.conf = folder / f"{name}.cnf"
        self.conf.write_text(f"[ca]\ndefault_ca = one\n[one]\ndatabase = {folder}/{name}.db\ncertificate = {self.path}\n"
                             f"private_key = {self.key}\ndefault_md = sha256\ndefault_crl_days = 30\n")

    def sign(self, name, san, use, days=20):
        """(certificate, key) of somebody; `san` as openssl spells it."""
        cert, key, request = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", key, "-out", request)
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"extendedKeyUsage = {use}\n" + (f"subjectAltName = {san}\n" if san else ""))
        run("openssl", "x509", "-req", "-in", request, "-CA", self.path, "-CAkey", self.key, "-CAcreateserial", "-days", days,
            "-extfile", extensions, "-out", cert)
        return cert, key

    def revoke(self, cert, into):
        run("openssl", "ca", "-config", self.conf, "-revoke", cert)
        run("openssl", "ca", "-config", self.conf, "-gencrl", "-out", into)


class TlsRtr(Rtr):
    """A router's side, over TLS."""

    def __init__(self, address, context, version=1):
        super().__init__(address, version)
        self.sock = context.wrap_socket(self.sock, server_hostname=NAME)


def trusting(ca, own=None):
    context = ssl.create_default_context(cafile=ca.path)
    if own is not None:
        context.load_cert_chain(*own)
    return context


def renew(authority, pair):
    """Certificate and key as renewal brings them: other files under the same names."""
    for file, name in zip(pair, ("rtr.pem", "rtr.key")):
        other = authority.dir / "keys" / f"{name}.new"
        other.write_bytes(file.read_bytes())
        os.replace(other, authority.dir / "keys" / name)


def reload(authority):
    return replaced(authority, "alamo-rpkid", (authority.dir / "alamo.conf").read_text())


@contextlib.contextmanager
def cache(folder, routers=None):
    """An authority whose rpkid speaks TLS; `routers`: the authority of their certificates."""
    keys = {"tls_certificate": "keys/rtr.pem", "tls_key": "keys/rtr.key"}
    ca = Ca(folder, "authority")
    made = Authority(folder / "dir", conf={"rpki": keys | ({"tls_client_ca": "keys/routers.pem"} if routers else {})})
    renew(made, ca.sign("server", f"DNS:{NAME},IP:127.0.0.1", "serverAuth"))
    if routers:
        (made.dir / "keys" / "routers.pem").write_bytes(routers.path.read_bytes())
    with running(made.dir, made=True) as authority:
        authority.ca = ca
        authority.member(Key(folder / "member"), name="FISHER")
        wait_for(authority.vrps, what="a route origin")
        yield authority


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    with cache(tmp_path_factory.mktemp("tls")) as authority:
        yield authority


def test_real_clients(tls, tmp_path):
    """openssl believes the name; StayRTR's rtrdump reads the set that plain RTR gives."""
    host, port = tls.endpoints["rtr-tls"]
    shown = run("openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", tls.ca.path, "-verify_return_error",
                "-verify_hostname", NAME, "-tls1_2", input="", check=False).stdout
    assert "Verify return code: 0 (ok)" in shown and "TLSv1.2" in shown
    shown = run("openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", tls.ca.path, "-verify_return_error",
                "-verify_hostname", "another.example", input="", check=False)
    assert shown.returncode != 0
    out = tmp_path / "dump.json"
    run("rtrdump", "-type", "tls", "-tls.validate=false", "-connect", f"{host}:{port}", "-rtr.version", "1", "-file", out, timeout=60)
    found = {(row["prefix"], row["maxLength"], int(str(row["asn"]).lstrip("AS"))) for row in json.loads(out.read_text())["roas"]}
    assert found == tls.vrps()


def test_a_router_stays(tls, tmp_path):
    """A difference, a Notify and half a query, as over plain TCP."""
    with contextlib.closing(TlsRtr(tls.endpoints["rtr-tls"], trusting(tls.ca), 2)) as router:
        before = set(router.reset())
        assert before == tls.vrps(2)
        made = tls.member(Key(tmp_path / "second"), name="SECOND")
        kind = router.read_pdu()
        assert kind[1] == 0, kind    # Serial Notify
        wait_for(lambda: router.refresh() - before, what="the new record")
        assert {row[0] for row in router.vrps - before} == {made.key("inet6num")}
        query = struct.pack("!BBHI", 2, RTR_RESET_QUERY, 0, 8)
        for byte in query:    # a record each
            router.sock.send(bytes([byte]))
        router.vrps = set()
        assert router.read_response() == tls.vrps(2)


def test_many_queries_in_one_record(tls):
    """More than a router may have unread: the rest waits in TLS, where no socket tells of it."""
    query, count = struct.pack("!BBHI", 1, RTR_RESET_QUERY, 0, 8), 1500
    with contextlib.closing(TlsRtr(tls.endpoints["rtr-tls"], trusting(tls.ca))) as router:
        router.sock.sendall(query * count)
        for _ in range(count):
            router.vrps = set()
            router.read_response()
        assert router.vrps == tls.vrps()


def shows(authority):
    """The number of the certificate that a newcomer sees."""
    with TlsRtr(authority.endpoints["rtr-tls"], trusting(authority.ca)).sock as sock:
        return sock.getpeercert()["serialNumber"]


def test_renewal(tls, tmp_path):
    """Another certificate by a reload; a mistake changes nothing; who is connected stays."""
    with contextlib.closing(TlsRtr(tls.endpoints["rtr-tls"], trusting(tls.ca))) as early:
        early.reset()
        first = shows(tls)
        renewed = tls.ca.sign("renewed", f"DNS:{NAME}", "serverAuth", days=25)
        renew(tls, renewed)
        assert shows(tls) == first
        end = metrics_of(tls)["alamo_rpki_certificate_end_seconds"]
        assert "event=reloaded " in reload(tls)
        assert metrics_of(tls)["alamo_rpki_certificate_end_seconds"] > end > time.time()
        second = shows(tls)
        assert second != first
        for pair, why in ((tls.ca.sign("nameless", "IP:127.0.0.1", "serverAuth"), "no DNS name"),
                          ((renewed[0], tls.ca.sign("another", f"DNS:{NAME}", "serverAuth")[1]), "not the key"),
                          ((renewed[1], renewed[1]), "no PEM certificate")):
            renew(tls, pair)
            said = reload(tls)
            assert "event=reload-refused" in said and why in said, said
            assert shows(tls) == second
        (tls.dir / "keys" / "rtr.key").unlink()
        assert "No such file" in reload(tls)
        renew(tls, renewed)
        assert "event=reloaded " in reload(tls)
        assert early.refresh() == tls.vrps()


def refused(authority, context):
    """A client's handshake ends in TLS 1.3 before the server has seen its certificate: the first answer tells."""
    try:
        with contextlib.closing(TlsRtr(authority.endpoints["rtr-tls"], context)) as router:
            router.reset()
        return None
    except (ssl.SSLError, ConnectionError) as error:
        return str(error)


def test_routers_certificates(tmp_path):
    """Only those of the authority, at the address that they name, and not revoked."""
    routers = Ca(tmp_path, "routers")
    with cache(tmp_path, routers) as authority:
        ca = authority.ca
        here = routers.sign("here", "IP:127.0.0.1", "clientAuth")
        assert refused(authority, trusting(ca, here)) is None
        assert refused(authority, trusting(ca)) is not None
        for number, (issuer, san) in enumerate(((routers, "IP:192.0.2.7"), (routers, "DNS:router.example"),
                                                (routers, None), (Ca(tmp_path, "stranger"), "IP:127.0.0.1"))):
            stranger = issuer.sign(f"stranger-{number}", san, "clientAuth")
            assert refused(authority, trusting(ca, stranger)) is not None, (issuer.path, san)
        log = (authority.dir / "up.log").read_text()
        assert 'event=tls-refused' in log and "IP address mismatch" in log
        assert refused(authority, trusting(ca, routers.sign("server", "IP:127.0.0.1", "serverAuth"))) is not None
        crl = tmp_path / "routers.crl"
        routers.revoke(here[0], crl)
        (authority.dir / "keys" / "routers.pem").write_bytes(routers.path.read_bytes() + crl.read_bytes())
        assert "event=reloaded " in reload(authority)
        assert refused(authority, trusting(ca, here)) is not None
        again = routers.sign("again", "IP:127.0.0.1", "clientAuth")
        assert refused(authority, trusting(ca, again)) is None


def hello(context):
    """The first bytes of a handshake."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    side = context.wrap_bio(into, out, server_hostname=NAME)
    with contextlib.suppress(ssl.SSLWantReadError):
        side.do_handshake()
    return out.read()


def closes(sock):
    """Whatever comes, the end comes."""
    sock.settimeout(60)
    with contextlib.suppress(ConnectionResetError):
        while sock.recv(65536):
            pass
    return True


def test_hostile_handshakes(tls):
    """Bytes that are no TLS, a handshake that never ends, pieces of one, a crowd: nobody else notices."""
    address, context = tls.endpoints["rtr-tls"], trusting(tls.ca)
    first = hello(context)
    with contextlib.ExitStack() as stack:
        early = stack.enter_context(contextlib.closing(TlsRtr(address, context)))
        early.reset()
        slow = stack.enter_context(socket.create_connection(address))
        slow.sendall(first[:20])
        silent = stack.enter_context(socket.create_connection(address))
        for bytes_ in (struct.pack("!BBHI", 1, RTR_RESET_QUERY, 0, 8), b"GET / HTTP/1.1\r\n\r\n" * 300, b"\x16\x03\x01\xff\xff" + b"x" * 70000,
                       first[:40] + bytes(400), b"\x15\x03\x03\x00\x02\x02\x28", b"\x00" * 16384):
            with socket.create_connection(address) as sock:
                with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                    sock.sendall(bytes_)
                    sock.shutdown(socket.SHUT_WR)
                assert closes(sock)
        # A crowd that says hello and goes, while plain and early routers ask.
        os.kill(tls.pid("alamo-rpkid"), signal.SIGSTOP)
        try:
            crowd = [stack.enter_context(socket.create_connection(address)) for _ in range(50)]
            for sock in crowd:
                sock.sendall(first)
        finally:
            os.kill(tls.pid("alamo-rpkid"), signal.SIGCONT)
        assert early.refresh() == tls.vrps()
        for sock in crowd:
            sock.settimeout(60)
            assert sock.recv(1) == b"\x16"    # each gets its ServerHello
            sock.close()
        # A whole hello in pieces is a good one.
        pieces = stack.enter_context(socket.create_connection(address))
        for byte in first:
            pieces.send(bytes([byte]))
        pieces.settimeout(60)
        assert pieces.recv(1) == b"\x16"
        # Who does not come to an end with it is sent away; who has is not.
        assert closes(slow) and closes(silent)
        assert early.refresh() == tls.vrps()
    metrics = metrics_of(tls)
    assert metrics['alamo_tls_handshakes_total{result="late"}'] >= 2
    assert metrics['alamo_tls_handshakes_total{result="refused"}'] >= 6
    wait_for(lambda: metrics_of(tls)['alamo_connections_open{listener="rtr-tls"}'] == 0, what="nobody to be left")


def metrics_of(authority):
    with urllib.request.urlopen("http://%s:%d/metrics" % authority.endpoints["roas"], timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def test_one_source_has_its_share(tls):
    """As over plain TCP: the limit counts connections, those inside a handshake too."""
    with contextlib.ExitStack() as stack:
        for _ in range(64):
            stack.enter_context(socket.create_connection(tls.endpoints["rtr-tls"]))
        extra = stack.enter_context(socket.create_connection(tls.endpoints["rtr-tls"]))
        assert closes(extra)
        assert tls.vrps()


@pytest.mark.parametrize("lines, why", [("tls-key = keys/rtr.key", "tls-certificate is missing"),
                                        ("tls-certificate = keys/rtr.pem", "tls-key is missing"),
                                        ("tls-certificate = keys/none\ntls-key = keys/rtr.key", "keys/none: No such file")])
def test_mistakes_at_a_start(tmp_path, tls, lines, why):
    conf = tmp_path / "alamo.conf"
    for name in ("rtr.pem", "rtr.key", "log.pub"):
        (tmp_path / "keys").mkdir(exist_ok=True)
        (tmp_path / "keys" / name).write_bytes((tls.dir / "keys" / name).read_bytes())
    conf.write_text(f"[rpki]\nport = 0\nhttp-port = 0\ntls-port = 0\n{lines}\n")
    done = run(BIN / "alamo-rpkid", "-c", conf, check=False)
    assert done.returncode == 1 and why in done.stderr, done.stderr
