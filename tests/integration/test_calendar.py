# SPDX-License-Identifier: MIT
"""A hostmaster's year in docs/operations.md: every command of it is typed, in the order of the page."""

import calendar
import re
import time

from harness import ROOT, Authority, Key, alamo
from test_incidents import Desk
from witnesses import spelled

PAGE = re.search(r"^## A year\n(.*?)^## ", (ROOT / "docs/operations.md").read_text(), re.M | re.S)[1]
DUE = dict(re.findall(r"^\| (\w+) \| (.*) \|$", PAGE, re.M))
# Title: its commands.
WORK = {title: [line[2:] for line in re.findall(r"^# .*$", text, re.M)] for title, text in re.findall(r"^### (.*)\n((?:(?!###).*\n)*)", PAGE, re.M)}


def test_every_month_has_its_work():
    """Each of a month's words is a title, and each title falls in some month, the drill in each quarter."""
    assert [month for month in DUE if month != "month"] == list(calendar.month_name)[1:]
    said = {month: [word[0].upper() + word[1:] for word in DUE[month].split("; ")] for month in calendar.month_name[1:]}
    assert {word for words in said.values() for word in words} == set(WORK) and all(WORK.values())
    assert all(words[0] == "Every month's look" for words in said.values())
    assert [month for month in said if "The drill" in said[month]] == ["January", "April", "July", "October"]


def test_a_year(tmp_path):
    home, media, rpki = tmp_path / "root", tmp_path / "media", tmp_path / "rpki"
    authority = Authority(tmp_path / "dir", ports="any", listen="127.0.0.1")
    desk = Desk(authority, home, **{"/backup/alamo": str(tmp_path / "backup"), "/media": str(media), "/srv/rpki": str(rpki),
                                    "2029-02-01": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 730 * 86400))})
    media.mkdir()
    for name in ("anna", "ben", "carla"):
        alamo("keys", "make-root", media / f"{name}.key", "--name", f"{name}.example/root")
    (home / "backup-passphrase").write_text("a long word for a backup\n")

    def type_all(title):
        said = []
        for command in WORK[title]:
            said.append(desk.type(command))
            if command.startswith("alamo up"):
                alone()
        return said

    def alone():
        """The ports of the authority are others after each start."""
        authority.read_endpoints()
        desk.names["mirror.example:4344"] = spelled(authority.endpoints["stream"])

    try:
        alamo("up", "--detach", authority.dir)
        alone()
        authority.member(Key(tmp_path / "member"))
        alamo("rpki", "init", rpki, "--log", authority.dir, "--repository", "rsync://rpki.example/repo/", "--locator",
              "https://rpki.example/ta.cer", "--anchor", media / "anchor")
        alamo("rpki", "publish", rpki, "--log", authority.dir)
        said = {title: type_all(title) for title in WORK}
    finally:
        alamo("down", authority.dir, check=False)
    assert "log keys        ends in 7" in said["The log's key, the keys note and with them the key of route origins"][-1]
    assert any("verified" in text for text in said["The drill"]) and not (home / "drill").exists()
    for title, role in (("The keys that sign the zones", "zsk"), ("The keys of keys of the zones", "ksk")):
        assert re.search(rf"^alamo\. +{role} .* published ", said[title][-1], re.M)
    assert re.search(r"^\. +ksk .* published ", said["The root's key of keys"][-1], re.M)
    assert not (tmp_path / "backup.next").exists() and (tmp_path / "backup/private.sealed").exists()
