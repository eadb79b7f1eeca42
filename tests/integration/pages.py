# SPDX-License-Identifier: MIT
"""Pictures of every page of a network with some life in it, at the width of a phone and of a desk: script/pages."""

import sys
import tempfile
from pathlib import Path

from browser import Browser
from conftest import running
from harness import Key, obj, wait_for

WIDTHS = {"phone": 390, "desk": 1280}


def populate(authority, folder):
    """Members with routers that peer, and a set."""
    names = ("FISHER", "MILLER", "BAKER", "SMITH", "COOPER", "TAYLOR")
    nodes = []
    for name in names:
        key = Key(folder / name)
        member = authority.member(key, name, domain=f"{name.lower()}.alamo", records=["@ AAAA AUTO-2::80"])
        asn = member.key("aut-num")
        nodes.append((f"{name}-R1", name, key))
        authority.accept([obj(("node", f"{name}-R1"), ("origin", asn), ("location", "a cellar"), mnt=f"{name}-MNT")], [key])
    for at, (node, name, key) in enumerate(nodes):
        for step in (1, 2) if at % 2 else (1,):
            other, _, second = nodes[(at + step) % len(nodes)]
            pair = ":".join(sorted((node, other)))
            authority.send([obj(("peering", pair), ("link", "wireguard"), mnt=f"{name}-MNT")], [key, second])
    key = nodes[0][2]
    authority.accept([obj(("as-set", "AS-FISHER"), ("descr", "Fisher and friends"), ("members", "AS4252660100, AS4252660101"),
                          mnt="FISHER-MNT")], [key])
    prev = authority.prev("as-set", "AS-FISHER")
    authority.accept([obj(("as-set", "AS-FISHER"), ("members", "AS4252660100, AS4252660102"), mnt="FISHER-MNT")], [key], prev=prev)


def shoot(browser, folder, name, url, prepare=None):
    for device, width in WIDTHS.items():
        for dark in (False, True):
            browser.size(width, dark=dark)
            browser.open(url)
            if prepare:
                prepare()
            browser.picture(folder / f"{name}-{device}{'-dark' if dark else ''}.png")


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, running(Path(scratch) / "dir") as authority:
        populate(authority, Path(scratch))
        host, port = authority.endpoints["rdap"]
        site = f"http://{host}:{port}"
        browser = Browser(Path(scratch) / "profile")

        def check():
            browser.click("check")
            wait_for(lambda: browser.text("said"), 60, "the check")

        def joined():
            browser.click("make")
            browser.wait("document.getElementById('key').textContent.startsWith('Made')")

        try:
            for name, path in (("home", "/"), ("space", "/space/"), ("block", "/space/fca1::/16"), ("map", "/map"), ("growth", "/growth"),
                               ("search", "/search?q=-i+mnt-by+FISHER-MNT"), ("diff", "/object/as-set/AS-FISHER?diff=1:2")):
                shoot(browser, folder, name, site + path)
            shoot(browser, folder, "object", site + "/object/as-set/AS-FISHER", check)
            shoot(browser, folder, "join", site + "/join", joined)
            shoot(browser, folder, "change", site + "/join?object=as-set/AS-FISHER")
        finally:
            browser.close()
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/pages"))
