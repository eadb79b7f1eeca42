# SPDX-License-Identifier: MIT
"""The registry as pages: every link of every page leads somewhere, nothing foreign is loaded, and what members write stays text."""

import http.client
import urllib.parse
from html.parser import HTMLParser

import pytest
from harness import Key, obj, wait_for

VOID = {"meta", "link", "input", "rect", "line", "circle", "polyline"}
FILES = {"/style.css": "text/css", "/alamo.js": "text/javascript", "/join.js": "text/javascript",
         "/object.js": "text/javascript", "/live.js": "text/javascript", "/icon.svg": "image/svg+xml"}
SCRIPTS = set(FILES)
SCRIPT = "<script>alert(1)</script>\"'&"


class Page(HTMLParser):
    """Links and text of a page; its elements must nest."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.tags, self.text, self.title = [], [], set(), "", ""
        self.feed(text)
        assert text.startswith("<!DOCTYPE html>\n") and self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        attrs = dict(attrs)
        for name in ("href", "src", "action"):
            if name in attrs:
                self.links.append(attrs[name])
        assert not any(name.startswith("on") or name == "style" for name in attrs)
        if tag == "input":
            assert attrs.get("aria-label") or "label" in self.open
        if tag == "script":
            assert attrs["src"] in SCRIPTS and attrs["type"] == "module"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def get(authority, path):
    connection = http.client.HTTPConnection(*authority.endpoints["rdap"], timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response, response.read().decode()
    finally:
        connection.close()


def page(authority, path, status=200):
    response, body = get(authority, path)
    assert response.status == status, (path, body)
    assert response.getheader("Content-Type") == "text/html; charset=utf-8"
    policy = response.getheader("Content-Security-Policy")
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'") and "unsafe" not in policy
    host, port = authority.endpoints["log-http"]
    assert policy.endswith(f"connect-src 'self' http://{host}:{port}")
    made = Page(body)
    assert {"main", "h1", "footer"} <= made.tags
    assert all(link.startswith("/") and not link.startswith("//") for link in made.links), made.links
    return made


@pytest.fixture(scope="module")
def network(authority, tmp_path_factory):
    key = Key(tmp_path_factory.mktemp("keys") / "member")
    member = authority.member(key, "FISHER")
    authority.asn, authority.net = member.key("aut-num"), member.key("inet6num")
    authority.accept([
        obj(("person", "Ann Fisher"), ("nic-hdl", "ANN-ALAMO"), ("remarks", SCRIPT), mnt="FISHER-MNT"),
        obj(("as-set", "AS-FISHER"), ("members", f"{authority.asn}, AS-NOBODY"), mnt="FISHER-MNT"),
    ], [key])
    prev = authority.prev("person", "ANN-ALAMO")
    authority.accept([obj(("person", "Ann Fisher"), ("nic-hdl", "ANN-ALAMO"), ("remarks", f"{SCRIPT} again"),
                          mnt="FISHER-MNT")], [key], prev=prev)
    wait_for(lambda: "again" in authority.whois("ann-alamo"), what="the last change in whois")
    return authority


def test_every_link(network):
    """From the first page on."""
    todo, seen = ["/"], set()
    while todo and len(seen) < 500:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        if path in FILES:
            response, body = get(network, path)
            assert response.status == 200 and response.getheader("Content-Type").startswith(FILES[path]) and "{" in body + "{"
            continue
        todo += page(network, path).links
    assert {"/space/", f"/object/aut-num/{network.asn}", "/object/person/ANN-ALAMO?diff=1:2",
            f"/space/{network.net}"} <= seen
    assert len(seen) > 40


def test_object(network):
    shown = page(network, "/object/as-set/as-fisher")
    assert f"/object/aut-num/{network.asn}" in shown.links and "/object/mntner/FISHER-MNT" in shown.links
    assert "/object/as-set/AS-NOBODY" not in shown.links and "AS-NOBODY" in shown.text
    route = page(network, f"/object/route6/{network.net}{network.asn}")
    assert "Origin: valid (why: " in route.text and any(link.startswith("/why?q=") for link in route.links)
    first, diff = page(network, "/object/person/ann-alamo?version=1"), page(network, "/object/person/ann-alamo?diff=1:2")
    assert SCRIPT in first.text and f"{SCRIPT} again" not in first.text
    assert f"-remarks:        {SCRIPT}\n+remarks:        {SCRIPT} again\n" in diff.text


@pytest.mark.parametrize("line, wanted", [
    ("FISHER-MNT", "mntner:         FISHER-MNT"), ("-i mnt-by FISHER-MNT", "as-set:         AS-FISHER"),
    ("!iAS-FISHER", "AS-NOBODY"), ("-t person", "nic-hdl:        [mandatory]"), ("help", "-q sources"),
    ("--list-versions ann-alamo", "ADD/UPD"), ("nobody-mnt", "%ERROR:101"), ("-y x", "%ERROR:111"),
    ("-F ann-alamo", "*pn:            Ann Fisher"), ("Ann Fisher", "ANN-ALAMO"), (SCRIPT, "%ERROR:101"), ("\x01", "%ERROR:108"),
])
def test_search(network, line, wanted):
    assert wanted in page(network, "/search?q=" + urllib.parse.quote_plus(line)).text


def test_space(network):
    shown = page(network, "/space/")
    assert {"svg", "rect", "table"} <= shown.tags
    block = page(network, f"/space/{network.net}")
    assert "No block lies inside" in block.text
    assert any(link.startswith("/space/") and link != "/space/" for link in block.links)


@pytest.mark.parametrize("path", ["/nothing", "/object/", "/object/aut-num/AS1", "/object/nothing/x", "/space/x", "/space/10.0.0.1/8",
                                  "/object/person/ann-alamo?version=9", "/object/person/ann-alamo?diff=1:x",
                                  "/object/person/ann-alamo?version=x"])
def test_missing(network, path):
    assert "nothing of that name" in page(network, path, status=404).text
