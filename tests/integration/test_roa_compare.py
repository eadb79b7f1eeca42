# SPDX-License-Identifier: MIT
"""`alamo roa compare`: what each member of a registry under dn42's rules gets here, against the same counted again."""

import collections
import ipaddress
import lzma
import re

import pytest
from harness import ROOT, alamo
from test_dn42 import DATA, parse
from test_import_tree import column

FILTERS = [ROOT / "tests" / "data" / name for name in ("dn42-filter.txt", "dn42-filter6.txt")]
KINDS = ("same", "tighter", "looser", "gone", "new", "neither")


def read_filters():
    rules = []
    for path in FILTERS:
        for line in path.read_text().splitlines():
            words = line.split("#")[0].split()
            if words:
                rules.append((int(words[0]), words[1], ipaddress.ip_network(words[2]), int(words[3]), int(words[4])))
    return sorted(rules, key=lambda rule: rule[0])


def there(rules, prefix, asked):
    """dn42's maxLength, or None."""
    _, action, _, least, most = next(rule for rule in rules
                                     if rule[2].version == prefix.version and prefix.network_address in rule[2])
    if action == "deny" or prefix.prefixlen > most:
        return None
    found = asked if asked is not None and least <= asked <= most else most
    return found if found >= prefix.prefixlen else None


def here(holds, prefix, origin, asked):
    """Ours, or None."""
    if origin and any(hold.version == prefix.version and prefix.subnet_of(hold) and prefix.prefixlen <= most
                      for hold, most in holds):
        return None
    return asked if asked is not None and prefix.prefixlen <= asked <= prefix.max_prefixlen else prefix.prefixlen


def expected(objects):
    """{(prefix, origin): (kind, maintainers, ours, theirs)}"""
    routes = {}
    for cls, key, attributes in objects:
        for origin in attributes["origin"] if cls in ("route", "route6") else ():
            asked = int(attributes["max-length"][0]) if attributes["max-length"] else None
            routes.setdefault((ipaddress.ip_network(key), int(origin[2:])), (asked, attributes["mnt-by"]))
    rules = read_filters()
    holds = [(prefix, asked or prefix.prefixlen) for (prefix, origin), (asked, _) in routes.items() if origin == 0]
    rows = {}
    for (prefix, origin), (asked, maintainers) in routes.items():
        ours, theirs = here(holds, prefix, origin, asked), there(rules, prefix, asked)
        if ours is None or theirs is None:
            kind = "gone" if theirs is not None else "new" if ours is not None else "neither"
        else:
            kind = "same" if ours == theirs else "tighter" if ours < theirs else "looser"
        rows[str(prefix), origin] = (kind, {name for text in maintainers for name in re.split(r",\s*", text)}, ours, theirs)
    return rows


def counts_of(text):
    return {word: int(count) for word, count in re.findall(r"^(\w+) +(\d+)  ", text, re.M)}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    directory = tmp_path_factory.mktemp("compare")
    text = lzma.open(DATA, "rt").read()
    (directory / "data.rpsl").write_text(text)
    words = [word for path in FILTERS for word in ("--filter", path)]
    letters = directory / "letters"
    table = alamo("roa", "compare", *words, "--letters", letters, directory / "data.rpsl").stdout
    return table, letters, expected(parse(text)), alamo("roa", "compare", *words, directory / "data.rpsl").stdout


def test_every_record_is_counted_as_it_is(compared):
    table, _, rows, _ = compared
    counted, wanted = counts_of(table), collections.Counter(kind for kind, *_ in rows.values())
    assert {kind: counted[kind] for kind in KINDS} == {kind: wanted[kind] for kind in KINDS}
    assert wanted["tighter"] > 1000 and wanted["same"] > 1000  # the data is what the comparison is for
    assert "unread" not in counted


def test_each_maintainer_is_told_what_is_his_and_nothing_else(compared):
    _, letters, rows, _ = compared
    wanted = collections.defaultdict(set)
    for (prefix, origin), (kind, maintainers, *_) in rows.items():
        for name in maintainers if kind not in ("same", "neither") else ():
            wanted[name].add((kind, prefix, origin))
    told = {path.stem: {(kind, prefix, int(origin)) for kind, prefix, origin
                        in re.findall(r"^  (\w+) +(\S+) AS(\d+): ", path.read_text(), re.M)} for path in letters.iterdir()}
    assert told == wanted


def test_the_advice_keeps_a_record_as_it_was(compared):
    _, letters, rows, _ = compared
    found = 0
    for path in letters.iterdir():
        for prefix, origin, most in re.findall(r"^  tighter +(\S+) AS(\d+): .*`max-length: (\d+)`", path.read_text(), re.M):
            network = ipaddress.ip_network(prefix)
            assert here([], network, int(origin), int(most)) == rows[prefix, int(origin)][3]
            found += 1
    assert found > 1000


def test_without_letters_all_is_printed(compared):
    table, letters, rows, printed = compared
    assert printed.startswith(table)
    for path in letters.iterdir():
        assert "\n" + path.read_text().split("\n\n", 1)[1] in printed


def tree(directory, filters=True):
    route = [("route", "172.20.1.0/27"), ("origin", "AS4242421234"), ("mnt-by", "FOO-MNT"), ("source", "DN42")]
    files = {"route/172.20.1.0_27": route,
             "route/10.200.0.0_25": [("route", "10.200.0.0/25"), *route[1:]],
             "route6/fd42:1:2::_48": [("route6", "fd42:1:2::/48"), ("origin", "AS4242421234"), ("max-length", "64"), *route[2:]]}
    for name, pairs in files.items():
        path = directory / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(column(pairs))
    for path in FILTERS if filters else ():
        (directory / "data" / path.name.removeprefix("dn42-")).write_bytes(path.read_bytes())


def test_a_tree_has_its_rules_with_it_as_the_guide_says(tmp_path):
    guide = (ROOT / "docs" / "operations.md").read_text()
    tree(tmp_path / "registry")
    table = alamo("roa", "compare", "dn42", "registry", "--letters", "letters", cwd=tmp_path).stdout
    assert f"```\n$ alamo roa compare dn42 registry --letters letters\n{table}```\n" in guide
    letter = (tmp_path / "letters" / "FOO-MNT.txt").read_text()
    assert "```\n" + letter.split("\n\n", 1)[1] + "```\n" in guide


def test_what_is_missing_or_no_rule_is_said(tmp_path):
    tree(tmp_path / "registry", filters=False)
    refused = alamo("roa", "compare", "dn42", tmp_path / "registry", check=False)
    assert refused.returncode == 2 and "--filter FILE" in refused.stderr
    refused = alamo("roa", "compare", "dn42", tmp_path / "registry", "--filter", FILTERS[0], check=False)
    assert refused.returncode == 2 and "no rule for IPv6" in refused.stderr
    bad = tmp_path / "filter.txt"
    bad.write_text("# head\n0001 permit 172.20.0.0/14 30 29\n")
    refused = alamo("roa", "compare", "dn42", tmp_path / "registry", "--filter", bad, check=False)
    assert refused.returncode == 2 and "filter.txt:2: no rule" in refused.stderr
    refused = alamo("roa", "compare", tmp_path / "data.rpsl", check=False)
    assert refused.returncode == 2 and "--filter" in refused.stderr


def test_routes_that_are_none_here_are_named(tmp_path):
    (tmp_path / "data.rpsl").write_text("route: 172.20.1.1/27\norigin: AS4242421234\nmnt-by: FOO-MNT\nsource: DN42\n")
    words = [word for path in FILTERS for word in ("--filter", path)]
    out = alamo("roa", "compare", *words, tmp_path / "data.rpsl").stdout
    assert counts_of(out)["unread"] == 1
    assert re.search(r"unread: .*\n  172.20.1.1/27: \S", out)
