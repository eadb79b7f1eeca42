# SPDX-License-Identifier: MIT
"""A network in which a member has to speak for each newcomer: joining there, its limits, and the tree that all can see."""

import base64
import re

import pytest
from conftest import running
from harness import ROOT, Key, alamo, wait_for

MARK = "alamo-join1-"


def vouch_plan(path):
    text = (ROOT / "deploy/plan/alamo.plan").read_text().replace("policy:         open", "policy:         vouch")
    text = re.sub("vouch-age: .*\n", "", re.sub("vouch-rate: .*", "vouch-rate: 2", text))
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vouch")
    with running(folder / "dir", plan=vouch_plan(folder / "plan")) as made:
        yield made


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return {name: Key(folder / name) for name in ("ann", "ben", "cora", "dan", "eve", "stranger")}


def offer(network, name, key, voucher):
    """By an invitation, as newcomers do it; what is printed for the voucher."""
    invitation = network.cli("invite", "--vouch", voucher).stdout.split()[-1]
    printed = network.cli("join", invitation, "--name", name, "--key", key.path).stdout
    return next(word for word in printed.split() if word.startswith(MARK))


def vouch(network, word, key, **keywords):
    return network.cli("vouch", word, "--yes", "--key", key.path, **keywords)


def altered(word, change):
    raw = base64.urlsafe_b64decode(word[len(MARK) :] + "==")
    assert change(raw) != raw
    return MARK + base64.urlsafe_b64encode(change(raw)).decode().rstrip("=")


def test_joining_with_a_voucher(network, keys):
    alone = network.cli("join", "--name", "ANN", "--key", keys["ann"].path, check=False)
    assert alone.returncode == 1 and "a member has to vouch for you" in alone.stderr
    word = offer(network, "ANN", keys["ann"], "hostmaster-mnt")
    assert "vouched-by:" not in network.ask("prev mntner ANN-MNT") and "none" in network.ask("prev mntner ANN-MNT")
    vouch(network, word, network.hostmaster)
    # The next generations; somebody else's word does not count, nor the newcomer's own.
    for newcomer, voucher in (("ben", "ann"), ("cora", "ben"), ("dan", "ann")):
        word = offer(network, newcomer, keys[newcomer], f"{voucher}-mnt")
        for wrong in ("stranger", newcomer):
            refused = vouch(network, word, keys[wrong], check=False)
            assert refused.returncode == 1 and "POLICY-VOUCH" in refused.stdout
        done = vouch(network, word, keys[voucher])
        assert f"Create SUCCEEDED: [mntner] {newcomer.upper()}-MNT" in done.stdout
        shown = network.cli("show", "mntner", f"{newcomer}-mnt").stdout
        assert f"vouched-by:     {voucher.upper()}-MNT" in shown
    # One key vouches for so many.
    word = offer(network, "eve", keys["eve"], "ann-mnt")
    refused = vouch(network, word, keys["ann"], check=False)
    assert refused.returncode == 1 and "ANN-MNT vouched for 2 already" in refused.stdout
    alamo("audit", network.dir)


def test_the_tree_is_visible(network, keys):
    tree = network.cli("tree").stdout
    lines = [line for line in tree.splitlines() if "-MNT holds" in line]
    assert [line.split()[0] for line in lines] == ["HOSTMASTER-MNT", "ANN-MNT", "BEN-MNT", "CORA-MNT", "DAN-MNT"]
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 2, 4, 6, 4]
    assert "ANN-MNT holds 2, with those below 8" in lines[1] and lines[3].strip() == "CORA-MNT holds 2"
    one = network.cli("tree", "ben-mnt").stdout
    assert "BEN-MNT holds 2, with those below 4" in one and "ANN-MNT vouched for BEN-MNT" in one
    assert re.search(r"below \[as-block\] AS4252660100-AS4252669899: 2 of 60", one)
    assert re.search(r"below \[inet6num\] \S+: 2 of 60", one)
    assert network.cli("tree", "nobody-mnt", check=False).returncode == 1
    listed = wait_for(lambda: "DAN-MNT" in network.whois("-i vouched-by ANN-MNT") and network.whois("-i vouched-by ANN-MNT"))
    assert "mntner:         BEN-MNT" in listed and "CORA-MNT" not in listed


def test_a_voucher_signs_nothing_but_a_joining(network, keys):
    """Whoever holds something is asked to sign the text of a stranger: anything in it but the newcomer's own is refused."""
    word = offer(network, "eve", keys["eve"], "ann-mnt")
    mine = b"mntner: ANN-MNT\nauth: " + keys["eve"].public.encode() + b"\nmnt-by: ANN-MNT\nsource: ALAMO\n"
    changes = {
        "an object of the voucher": lambda raw: raw.replace(b"-----BEGIN", b"\n" + mine + b"-----BEGIN", 1),
        "given to the voucher": lambda raw: raw.replace(b"EVE-MNT\nsource", b"ANN-MNT\nsource", 1),
        "beside the voucher": lambda raw: raw.replace(b"EVE-MNT\nsource", b"EVE-MNT, ANN-MNT\nsource", 1),
        "a change": lambda raw: re.sub(rb"prev: +none", b"prev: 3", raw),
        "a deletion": lambda raw: raw.replace(b"source:", b"delete: x\nsource:", 1),
        "nobody vouched for": lambda raw: re.sub(rb"vouched-by:.*\n", b"", raw),
        "not signed": lambda raw: raw[: raw.index(b"-----BEGIN")],
        "what cannot be seen": lambda raw: raw.replace(b"source:", b"remarks: \xe2\x80\x8b\nsource:", 1),
    }
    before = network.ask("head")
    for name, change in changes.items():
        done = vouch(network, altered(word, change), keys["ann"], check=False)
        assert done.returncode == 4, (name, done.stdout, done.stderr)
    for broken in (word[:-8], "alamo-peer1-" + word[len(MARK) :], MARK):
        assert vouch(network, broken, keys["ann"], check=False).returncode in (2, 4)
    assert network.ask("head") == before


def test_a_taken_name_is_said_so(network, keys):
    word = offer(network, "eve", keys["eve"], "hostmaster-mnt")
    vouch(network, word, network.hostmaster)
    taken = network.cli("join", "--name", "EVE", "--key", keys["stranger"].path, check=False)
    assert taken.returncode == 1 and "EVE is taken" in taken.stderr
