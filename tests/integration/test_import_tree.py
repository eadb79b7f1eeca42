"""`alamo import dn42 DIR`: a registry that is a tree of files, with what is found in one."""

from harness import Key, attributes

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
        "organisation/ORG-FOO": [("organisation", "ORG-FOO"), ("org-name", "Foo"), ("mnt-by", "FOO-MNT"), ("source", "DN42")],
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
    assert "11 objects read, 12 after one for each of several origins" in out
    text = report.read_text()
    # Taken, with what was left out of each.
    assert "[mntner] FOO-MNT: without auth pgp-fingerprint" in text
    assert "[mntner] OLD-MNT: without auth ssh-rsa" in text
    assert "e-mail" in text and "contact" in text and "org" in text
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
    assert "ns1.foo.dn42 172.20.1.1" in shown("domain", "foo.dn42")
    for absent in ("mntner HIDDEN-MNT", "mntner README-MNT", "route6 fd42:9::/48AS65000"):
        assert "%ERROR" in authority.ask(f"show {absent}")
    # FOO's own key speaks for what came in.
    member = shown("domain", "foo.dn42")
    authority.accept([member.replace("172.20.1.1", "172.20.1.2")], [key], prev=authority.prev("domain", "foo.dn42"))
