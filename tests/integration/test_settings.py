# SPDX-License-Identifier: MIT
"""Where a client finds its registry: options, configuration, and what the registry itself says."""

import pytest
from conftest import running
from harness import alamo


@pytest.fixture
def home(tmp_path):
    """A home without an environment that would know better."""
    (tmp_path / "home/.config/alamo").mkdir(parents=True)
    return tmp_path / "home"


def cli(home, *words, **keywords):
    return alamo(*words, env={"HOME": str(home), "PATH": "/usr/bin:/bin"}, check=False, **keywords)


def config(home, text):
    (home / ".config/alamo/config").write_text(text)


@pytest.mark.parametrize("text, said", [
    ("sever = a:1\n", 'line 1: there is no setting "sever": is it server?'),
    ("# note\n\nkye = x\n", 'line 3: there is no setting "kye": is it key?'),
    ("colour = red\n", "only server, whois, key and patience"),
    ("server\n", "line 1 is not NAME = VALUE"),
    ("server =\n", "line 1 is not NAME = VALUE"),
    ("server = h:99999\n", "a port is a number, 1 to 65535"),
    ("server = h:0\n", "a port is a number, 1 to 65535"),
    ("server = h:http\n", "a port is a number, 1 to 65535"),
    ("server = [::1\n", "is not HOST:PORT"),
])
def test_wrong_settings_are_named(home, text, said):
    config(home, text)
    result = cli(home, "free", "asn")
    assert result.returncode == 2 and said in result.stderr


def test_settings_are_read(authority, home, key):
    (home / "ssh").mkdir()
    for suffix in ("", ".pub"):
        (home / f"ssh/mine{suffix}").write_bytes((key.path.parent / f"{key.path.name}{suffix}").read_bytes())
        (home / f"ssh/mine{suffix}").chmod(0o600)
    config(home, f"# mine\nserver = {authority.server()}  # the registry\n\tkey=~/ssh/mine\n")
    assert cli(home, "free", "asn").stdout.startswith("AS")
    assert "Welcome" in cli(home, "join", "--name", "TILDE").stdout
    # An option goes before the file, and says what is wrong with itself.
    assert cli(home, "free", "asn", "--server", "127.0.0.1:1").returncode == 3
    assert "1 to 65535" in cli(home, "free", "asn", "--server", "h:99999").stderr


def test_everything_from_one_address(authority, home):
    """The WHOIS server's port and the log stream's are no default ones here: the registry tells them."""
    server = ("--server", authority.server())
    host, port = authority.endpoints["whois"]
    assert f"endpoint: whois {host}:{port}\n" in authority.ask("network")
    assert "HOSTMASTER-MNT" in cli(home, "whois", "HOSTMASTER-MNT", *server).stdout
    assert "verified" in cli(home, "verify", *server).stdout
    config(home, f"server = {authority.server()}\n")
    assert "HOSTMASTER-MNT" in cli(home, "whois", "-T", "mntner", "HOSTMASTER-MNT").stdout
    # Only the host: the port is the one that the registry names.
    assert "HOSTMASTER-MNT" in cli(home, "whois", "HOSTMASTER-MNT", "--whois", host).stdout
    both = cli(home, "whois", "X", "--whois", host, *server)
    assert both.returncode == 2 and "one of them" in both.stderr


def test_listening_everywhere(tmp_path, home):
    """A service at every address is where the registry was found."""
    with running(tmp_path / "dir", listen="0.0.0.0") as everywhere:
        port = everywhere.endpoints["requests"][1]
        assert "HOSTMASTER-MNT" in cli(home, "whois", "HOSTMASTER-MNT", "--server", f"127.0.0.2:{port}").stdout
