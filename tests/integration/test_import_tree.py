# SPDX-License-Identifier: MIT
"""`alamo import dn42 DIR`: a registry that is a tree of files, with what is found in one."""

from harness import ROOT, Key, mntner

GONE = "pgp-fingerprint 0123456789ABCDEF0123456789ABCDEF01234567"


def column(pairs):
    """As dn42 writes it: values in column 21."""
    return "".join(f"{name + ':':<20}{value}\n" for name, value in pairs)


def tree(directory, key):
    files = {
        "mntner/FOO-MNT": [("mntner", "FOO-MNT"), ("admin-c", "FOO-DN42"), ("tech-c", "FOO-DN42"), ("auth", GONE),
                           ("auth", key.public), ("mnt-by", "FOO-MNT"), ("source", "DN42")],
        "mntner/OLD-MNT": [("mntner", "OLD-MNT"), ("auth", "ssh-rsa AAAAB3NzaC1yc2E="), ("mnt-by", "OLD-MNT"),
                           ("source", "DN42")],
        "person/FOO-DN42": [("person", "Foo Bar"), ("e-mail", "foo@example.org"), ("contact", "xmpp:foo@example.org"),
                            ("nic-hdl", "FOO-DN42"), ("mnt-by", "FOO-MNT"), ("source", "DN42")],
        "aut-num/AS4242421234": [("aut-num", "AS4242421234"), ("as-name", "FOO-AS"), ("org", "ORG-FOO"),
                                 ("mnt-by", "FOO-MNT"), ("source", "DN42")],
        "inetnum/172.20.1.0_27": [("inetnum", "172.20.1.0 - 172.20.1.31"), ("netname", "FOO-NET"), ("cidr", "172.20.1.0/27"),
                                  ("nserver", "ns1.foo.dn42"), ("mnt-by", "FOO-MNT"), ("source", "DN42")],
        "inet6num/fd42:1:2::_48": [
            ("inet6num", "fd42:0001:0002:0000:0000:0000:0000:0000 - fd42:0001:0002:ffff:ffff:ffff:ffff:ffff"),
            ("netname", "FOO-NET6"), ("cidr", "fd42:1:2::/48"), ("mnt-by", "FOO-MNT"), ("source", "DN42")],
        "route/172.20.1.0_27": [("route", "172.20.1.0/27"), ("origin", "AS4242421234"), ("max-length", "29"),
                                ("mnt-by", "FOO-MNT"), ("source", "DN42")],
        "route6/fd42:1:2::_48": [("route6", "fd42:1:2::/48"), ("origin", "AS4242421234"), ("origin", "AS4242429999"),
                                 ("mnt-by", "FOO-MNT"), ("source", "DN42")],
        "dns/foo.dn42": [("domain", "foo.dn42"), ("nserver", "ns1.foo.dn42 172.20.1.1"),
                         ("ds-rdata", f"1234 13 2 {'AB' * 32}"), ("mnt-by", "FOO-MNT"), ("source", "DN42")],
        "organisation/ORG-FOO": [("organisation", "ORG-FOO"), ("org-name", "Foo"), ("e-mail", "foo@example.org"),
                                 ("admin-c", "FOO-DN42"), ("mnt-by", "FOO-MNT"), ("source", "DN42")],
        "key-cert/PGPKEY-01234567": [("key-cert", "PGPKEY-01234567"), ("mnt-by", "FOO-MNT"), ("source", "DN42")],
        "route6/fd42:9::_48": [("route6", "fd42:9::/48"), ("origin", "AS65000"), ("mnt-by", "FOO-MNT"), ("source", "DN42")],
    }
    for name, pairs in files.items():
        path = directory / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(column(pairs))
    (directory / "data" / ".hidden").write_text("mntner: HIDDEN-MNT\n")
    (directory / "README").write_text("mntner: README-MNT\n")


def test_a_tree_comes_in_and_says_what_became_of_it(own_authority, key, tmp_path):
    authority, source = own_authority, tmp_path / "registry"
    tree(source, key)
    report = tmp_path / "report"
    out = authority.cli("import", "dn42", source, "--key", authority.hostmaster.path, "--report", report).stdout
    assert "12 objects read, 13 after one for each of several origins" in out
    text = report.read_text()
    # Taken, with what was left out of each.
    assert "[mntner] FOO-MNT: without auth pgp-fingerprint" in text
    assert "[mntner] OLD-MNT: without auth ssh-rsa" in text
    assert "e-mail" in text and "contact" in text
    # Refused, with the reason.
    assert "not an object class of ours" in text
    assert "AS65000" in text and "AS4242429999" in text

    def shown(cls, name):
        return authority.ask(f"show {cls} {name}")

    assert key.public in shown("mntner", "FOO-MNT") and "pgp" not in shown("mntner", "FOO-MNT")
    assert "auth:" not in shown("mntner", "OLD-MNT")
    assert "contact" not in shown("person", "FOO-DN42") and "example.org" not in shown("person", "FOO-DN42")
    assert "max-length:     29" in shown("route", "172.20.1.0/27AS4242421234")
    assert shown("inet6num", "fd42:1:2::/48").startswith("inet6num:       fd42:1:2::/48\n")
    assert shown("route6", "fd42:1:2::/48AS4242421234").splitlines()[1] == "origin:         AS4242421234"
    assert "org:            ORG-FOO\n" in shown("aut-num", "AS4242421234")
    organisation = shown("organisation", "ORG-FOO")
    assert "org-name:       Foo\n" in organisation and "admin-c:        FOO-DN42\n" in organisation and "e-mail" not in organisation
    assert "ns1.foo.dn42 172.20.1.1" in shown("domain", "foo.dn42")
    for absent in ("mntner HIDDEN-MNT", "mntner README-MNT", "route6 fd42:9::/48AS65000"):
        assert "%ERROR" in authority.ask(f"show {absent}")
    # FOO's own key speaks for what came in.
    member = shown("domain", "foo.dn42")
    authority.accept([member.replace("172.20.1.1", "172.20.1.2")], [key], prev=authority.prev("domain", "foo.dn42"))


def put(source, name, pairs):
    path = source / "data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(column(pairs))


def test_an_import_owns_nothing_that_it_did_not_create(own_authority, key, tmp_path):
    """Foreign text is signed by the hostmaster's key, which may do anything: so it only ever creates."""
    authority, source = own_authority, tmp_path / "registry"
    thief = Key(tmp_path / "thief")
    authority.member(key, "FISHER", domain="fisher.alamo", records=["@ AAAA AUTO-2::80"])
    authority.accept(["organisation: ORG-FISHER\norg-name: Ours\nmnt-by: FISHER-MNT\nsource: ALAMO\n"], [key])
    gone = Key(tmp_path / "gone")
    authority.accept([mntner("GONE-MNT", gone)], [gone])
    authority.accept([authority.ask("show mntner GONE-MNT") + "delete: left\n"], [gone],
                     prev=authority.prev("mntner", "GONE-MNT"))
    before = {name: authority.ask(f"show {name}") for name in
              ("mntner HOSTMASTER-MNT", "mntner FISHER-MNT", "domain fisher.alamo", "registry ALAMO")}
    for name in ("HOSTMASTER-MNT", "FISHER-MNT", "GONE-MNT"):
        put(source, f"mntner/{name}", [("mntner", name.lower()), ("auth", thief.public), ("mnt-by", name), ("source", "DN42")])
    put(source, "mntner/INNOCENT-MNT", [("mntner", "HOSTMASTER-MNT"), ("auth", thief.public), ("mnt-by", "INNOCENT-MNT")])
    put(source, "registry/ALAMO", [("registry", "ALAMO"), ("tld", "alamo"), ("root-server", "a fca1::666"),
                                   ("mnt-by", "THIEF-MNT"), ("source", "DN42")])
    put(source, "dns/fisher.alamo", [("domain", "fisher.alamo"), ("record", "@ AAAA fca1:dead::1"),
                                     ("mnt-by", "FISHER-MNT"), ("delete", "now"), ("source", "DN42")])
    # Nor does anything become ours by naming our organisation.
    put(source, "organisation/ORG-FISHER", [("organisation", "ORG-FISHER"), ("org-name", "Theirs"), ("mnt-by", "THIEF-MNT")])
    put(source, "aut-num/AS4242420002", [("aut-num", "AS4242420002"), ("as-name", "THEIRS"), ("org", "ORG-FISHER"),
                                         ("mnt-by", "THIEF-MNT")])
    # The other registry's FISHER-MNT is not ours: nothing is given to a namesake.
    put(source, "aut-num/AS4242420001", [("aut-num", "AS4242420001"), ("as-name", "THEIRS"), ("mnt-by", "FISHER-MNT")])
    put(source, "mntner/THIEF-MNT", [("mntner", "THIEF-MNT"), ("auth", thief.public), ("mnt-by", "THIEF-MNT")])
    put(tmp_path, "elsewhere", [("mntner", "LINKED-MNT"), ("mnt-by", "LINKED-MNT")])
    (source / "data/mntner/LINKED-MNT").symlink_to(tmp_path / "data/elsewhere")
    (source / "data/mntner/LARGE-MNT").write_text("mntner: LARGE-MNT\n" + "remarks: x\n" * 100000)
    (source / "data/mntner/LONG-MNT").write_text("mntner: LONG-MNT\n" + "remarks: x\n" * 20000 + "mnt-by: LONG-MNT\n")
    report = tmp_path / "report"
    plan = authority.cli("import", "dn42", source, "--dry-run").stdout
    assert "[mntner] THIEF-MNT: to be created" in plan and authority.prev("mntner", "THIEF-MNT") == "none"
    authority.cli("import", "dn42", source, "--key", authority.hostmaster.path, "--report", report)
    for name, text in before.items():
        assert authority.ask(f"show {name}") == text
    for name in ("mntner GONE-MNT", "mntner LINKED-MNT", "aut-num AS4242420001", "mntner LONG-MNT"):
        assert "%ERROR" in authority.ask(f"show {name}")
    assert thief.public in authority.ask("show mntner THIEF-MNT")
    text = report.read_text()
    for line in ("[mntner] HOSTMASTER-MNT: a maintainer of the hostmaster is never imported",
                 "[registry] ALAMO: a registry object is never imported",
                 "[mntner] FISHER-MNT: the registry has another one, which stays",
                 "[domain] fisher.alamo: ", "[mntner] GONE-MNT: it was here and was deleted",
                 "[aut-num] AS4242420001: mnt-by: FISHER-MNT is somebody else here",
                 "[organisation] ORG-FISHER: the registry has another one, which stays",
                 "[aut-num] AS4242420002: org: ORG-FISHER is somebody else here",
                 "data/mntner/LINKED-MNT: a link, which is not followed", "data/mntner/LARGE-MNT: a file larger than 1 MiB",
                 "LONG-MNT: it has 360"):
        assert line in text, f"{line}\n{text}"
    authority.verify()


def test_what_real_registries_hold_comes_in(own_authority, tmp_path):
    """Odd names get a canonical form, the original stays in words, and what refers to a name still finds it."""
    authority, report = own_authority, tmp_path / "report"
    authority.cli("import", ROOT / "tests/data/odd-registry.rpsl", "--key", authority.hostmaster.path, "--report", report)
    text = report.read_text()

    def shown(cls, name):
        lines = authority.ask(f"show {cls} {name}").splitlines()
        return {tuple(part.strip() for part in line.split(":", 1)) for line in lines if ":" in line}

    for line in (("as-name", "ZED-S-TEST-NETWORK"), ("descr", "Zed's test network"), ("mnt-by", "LYRA-MNT, X-4EVER-MNT")):
        assert line in shown("aut-num", "AS4242429997"), text
    assert ("as-name", "X-AS-CYGNUS") in shown("aut-num", "AS4242429996")
    assert ("as-name", "X-7") in shown("aut-num", "AS4242429995")
    assert {("remarks", "mntner elsewhere: 4EVER-MNT"), ("admin-c", "X-4EVER-OTHER")} <= shown("mntner", "X-4EVER-MNT")
    assert ("person", "Fourth Ever") in shown("person", "X-4EVER-OTHER")
    block = shown("inetnum", "172.20.9.0/26")
    assert {("netname", "CAF-NORTH-OLD"), ("descr", 'Café "North" (old)'), ("country", "AT")} <= block
    assert not any(name in ("status", "cidr") for name, _ in block)
    block = shown("inet6num", "fd42:9:9::/48")
    assert ("netname", "X-4EVER-NET") in block and not any(name in ("country", "nserver") for name, _ in block)
    assert ("mnt-by", "X-4EVER-MNT") in shown("route6", "fd42:9:9::/48AS4242429997")
    assert ("origin", "AS4242429996") in shown("route", "172.20.9.0/26AS4242429996")
    assert ("org-name", "Lyra") in shown("organisation", "ORG-LYRA")
    assert ("org", "ORG-VEGA-S-CLUB") in shown("aut-num", "AS4242429995")
    assert ("remarks", "organisation elsewhere: Vega's club") in shown("organisation", "ORG-VEGA-S-CLUB")
    assert ("members", "AS4242429996, AS4242429995, AS4242429997") in shown("as-set", "AS-LYRA")
    for line in ("with as-name ZED-S-TEST-NETWORK for Zed's test network", "without members not-a-member", "without country EUROPE",
                 "key-cert is not an object class of ours", "with org ORG-VEGA-S-CLUB for Vega's club"):
        assert line in text, text
    def total(words):
        return [int(word) for word in next(line for line in words.splitlines() if line.startswith("total")).split()[1:]]

    # objects, taken, changed, present, refused
    assert total(text)[0] == 14 and total(text)[3:] == [0, 1]
    authority.verify()
    # Once more: nothing is new, and nothing becomes an entry.
    head = authority.ask("head").splitlines()[1]
    again = authority.cli("import", ROOT / "tests/data/odd-registry.rpsl", "--key", authority.hostmaster.path).stdout
    assert total(again) == [14, 0, 0, 13, 1] and authority.ask("head").splitlines()[1] == head
