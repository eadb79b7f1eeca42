# SPDX-License-Identifier: MIT
"""Debian's RPKI validators, beside the servers that they fetch from: rsyncd and HTTPS in namespaces of their own.

Started as a program, this file is those servers: validators.py DIRECTORY.
"""

import contextlib
import http.server
import ipaddress
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

HOST = "rpki.test"
REPOSITORY = f"rsync://{HOST}/repo/"
NOTIFY = f"https://{HOST}/rrdp/notification.xml"
LOCATOR = f"https://{HOST}/rrdp/ta.cer"


def vrps_of(text):
    """(prefix, max length, AS number) of the rows that rpki-client and FORT write."""
    found = set()
    for line in text.splitlines():
        row = re.match(r"AS(\d+),([0-9a-f.:]+/\d+),(\d+)\b", line)
        if row:
            found.add((str(ipaddress.ip_network(row[2])), int(row[3]), int(row[1])))
    return found


class Outcome:
    def __init__(self, vrps, said):
        self.vrps, self.said = vrps, said

    def number(self, pattern):
        return int(re.search(pattern, self.said)[1])


def certificates(directory):
    """A test's own certificate authority, and a certificate for the host."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9000", "-subj", "/CN=test", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={HOST}", "-keyout", "host.key", "-out", "host.csr")
    (directory / "host.ext").write_text(f"subjectAltName=DNS:{HOST}\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", "host.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "9000", "-extfile", "host.ext", "-out", "host.pem")
    (directory / "capath").mkdir()
    shutil.copy(directory / "ca.pem", directory / "capath")
    openssl("rehash", "capath")


class Validators:
    """`current` is the publication that is served; children is the fixture of that name."""

    def __init__(self, directory, current, children):
        self.dir = Path(directory)
        self.dir.mkdir()
        certificates(self.dir)
        (self.dir / "hosts").write_text(f"127.0.0.1 localhost {HOST}\n")
        (self.dir / "rsyncd.conf").write_text(
            f"port = 873\naddress = 127.0.0.1\nuse chroot = no\nlog file = {self.dir}/rsyncd.log\n"
            f"[repo]\npath = {self.dir}/current/repository\nread only = yes\n")
        self.serve(current)
        self.process = children(["unshare", "--mount", "--net", sys.executable, __file__, self.dir], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def serve(self, current):
        (self.dir / "current").unlink(missing_ok=True)
        (self.dir / "current").symlink_to(current)

    def asked(self):
        """Paths that were fetched over HTTPS so far."""
        return (self.dir / "https.log").read_text().split()

    def run(self, *words, at=None, timeout=120):
        """In the servers' namespaces; `at` is the clock's offset, as faketime has it."""
        fake = ["faketime", "-f", at] if at else []
        command = ["nsenter", "--target", self.process.pid, "--mount", "--net", "--root", "--wdns=/", *fake, *words]
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout)

    def cache(self, name):
        path = self.dir / name
        if not path.exists():
            path.mkdir()
        return path

    def rpki_client(self, locator, *words, cache, at=None):
        place = self.cache(cache)
        for name in ("cache", "out"):
            self.cache(f"{cache}/{name}")
        for path in (place, place / "cache", place / "out"):
            shutil.chown(path, "_rpki-client")
        (place / "out" / "csv").unlink(missing_ok=True)
        locator = shutil.copy(locator, place)
        result = self.run("rpki-client", "-v", "-c", "-j", *words, "-d", place / "cache", "-t", locator, "-S", "/dev/null", place / "out", at=at)
        with contextlib.suppress(FileNotFoundError):
            return Outcome(vrps_of((place / "out" / "csv").read_text()), result.stdout + result.stderr)
        return Outcome(set(), result.stdout + result.stderr)

    def fort(self, locator, *words, cache, at=None):
        result = self.run("fort", "--mode=standalone", f"--tal={locator}", f"--local-repository={self.cache(cache)}",
                          f"--http.ca-path={self.dir}/capath", "--output.roa=-", "--log.level=warning", "--validation-log.enabled=true",
                          "--validation-log.level=warning", "--validation-log.output=console", *words, at=at)
        return Outcome(vrps_of(result.stdout), result.stdout + result.stderr)


    def octorpki(self, locator, *, cache):
        """Over RRDP: by rsync 1.4.4 puts a module's files into the folder above, and finds nothing."""
        place = self.cache(cache)
        shutil.chown(place, "_cfrpki")
        locator = shutil.copy(locator, place)
        result = self.run("setpriv", "--reuid=_cfrpki", "--regid=_cfrpki", "--clear-groups", "octorpki", "-mode", "oneoff", "-cache", place,
                          "-tal.root", locator, "-tal.name", "test", "-output.sign=false", "-output.roa", place / "out.json",
                          "-rrdp.file", place / "rrdp.json", "-rrdp.failover=false")
        roas = json.loads((place / "out.json").read_text())["roas"] if (place / "out.json").exists() else []
        return Outcome({(roa["prefix"], roa["maxLength"], int(roa["asn"][2:])) for roa in roas}, result.stdout + result.stderr)

    # -- without servers: the files are where the validator would have put them

    def offline(self, repository):
        """A fresh copy, which may be tampered with."""
        tree = self.cache("offline") / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        return Path(shutil.copytree(repository, tree))

    def rpki_client_offline(self, locator):
        place = self.dir / "offline" / "client"
        shutil.rmtree(place, ignore_errors=True)
        tree = place / "cache" / HOST / "repo"
        anchor = place / "cache" / "ta" / HOST
        shutil.copytree(self.dir / "offline" / "tree", tree)
        anchor.mkdir(parents=True)
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(tree / "ta.cer", anchor)
        for path in place.rglob("*"):
            shutil.chown(path, "_rpki-client")
        return self.rpki_client(locator, "-n", cache="offline/client")

    def fort_offline(self, locator, *words):
        place = self.dir / "offline" / "fort"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.dir / "offline" / "tree", place / HOST / "repo")
        return self.fort(locator, "--work-offline=true", *words, cache="offline/fort")


# ---- the servers ----


def serve(directory):
    def mount(source, target):
        subprocess.run(["mount", "--bind", str(source), target], check=True)

    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    mount(directory / "hosts", "/etc/hosts")
    mount(directory / "ca.pem", "/etc/ssl/certs/ca-certificates.crt")
    log = open(directory / "https.log", "a")

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def translate_path(self, path):
            return str(directory / "current" / "rrdp") + path.removeprefix("/rrdp")

        def log_message(self, *words):
            log.write(self.path + "\n")
            log.flush()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 443), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "host.pem", directory / "host.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    rsync = subprocess.Popen(["rsync", "--daemon", "--no-detach", f"--config={directory}/rsyncd.conf"], stdin=subprocess.DEVNULL)
    try:
        while socket.socket().connect_ex(("127.0.0.1", 873)) != 0:
            assert rsync.poll() is None
        print("ready", flush=True)
        server.serve_forever()
    finally:
        rsync.terminate()


if __name__ == "__main__":
    import signal

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serve(Path(sys.argv[1]))
