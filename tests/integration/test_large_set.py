# SPDX-License-Identifier: MIT
"""An as-set of ten thousand members: made by hand, by `alamo submit` and by `alamo import`, and asked for by clients."""

import pytest
from conftest import running
from harness import UNPAID, Key, obj, run, wait_for

COUNT = 10_000


def numbers(first, count=COUNT):
    return [f"AS42{first + i:08d}" for i in range(count)]


def lines(members, width=500):
    return "".join(f"members:        {', '.join(members[at : at + width])}\n" for at in range(0, len(members), width))


def large(name, members, mnt="FISHER-MNT"):
    return f"as-set:         {name}\n{lines(members)}mnt-by:         {mnt}\nsource:         ALAMO\n"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    with running(tmp_path_factory.mktemp("large") / "dir", conf={"registry": UNPAID}) as made:
        made.fisher = Key(tmp_path_factory.mktemp("keys") / "fisher")
        made.member(made.fisher, "FISHER")
        yield made


def has(network, name, members):
    """Whois has it so, a moment after the registry."""
    wait_for(lambda: members_of(network, name) == members, timeout=60, what=f"{name} in whois")


def members_of(network, name):
    data = network.whois(f"!i{name}")
    if data == "D\n":
        return None
    assert data.startswith("A"), data[:80]
    length, rest = data[1:].split("\n", 1)
    assert rest == rest[: int(length)] + "C\n"
    return rest[: int(length)].split()


def test_submit_makes_it_and_changes_it(network, tmp_path):
    members, path = numbers(0), tmp_path / "set"
    path.write_text(large("AS-TENTHOUSAND", members))
    out = network.cli("submit", path, "--key", network.fisher.path).stdout
    assert "Create SUCCEEDED: [as-set] AS-TENTHOUSAND" in out and out.count("Modify SUCCEEDED") >= 3
    has(network, "AS-TENTHOUSAND", members)
    # The same again is nothing; a member less and one more is one small request each.
    assert "No operation" in network.cli("submit", path, "--key", network.fisher.path).stdout
    changed = [member for member in members if member != "AS4200007777"] + ["AS4210000000"]
    path.write_text(large("AS-TENTHOUSAND", changed))
    out = network.cli("submit", path, "--key", network.fisher.path).stdout
    assert out.count("SUCCEEDED") == 2
    has(network, "AS-TENTHOUSAND", changed)
    # What is shown can be edited and sent.
    shown = network.cli("show", "as-set", "AS-TENTHOUSAND").stdout
    path.write_text(shown.replace("AS4200000001, ", "", 1))
    network.cli("submit", path, "--key", network.fisher.path)
    has(network, "AS-TENTHOUSAND", [member for member in changed if member != "AS4200000001"])
    answer = network.cli("audit", network.dir).stdout
    assert "clean" in answer


def test_by_hand(network):
    made = network.accept([obj(("as-set", "AS-HAND"), mnt="FISHER-MNT")], [network.fisher])
    for at in range(0, COUNT, 2500):
        text = f"as-set: AS-HAND\nextend: more\n{lines(numbers(at, 2500))}"
        made = network.accept([text], [network.fisher], prev=made.index)
    has(network, "AS-HAND", numbers(0))
    refused = network.send(["as-set: AS-HAND\nextend: x\nmembers: AS1\n"], [network.fisher], prev=made.index - 1)
    assert "REQUEST-PREV" in refused.text


def test_import_takes_it_and_goes_on_behind_what_is_too_large(network, tmp_path):
    path, report = tmp_path / "irr.rpsl", tmp_path / "report"
    objects = [large("AS-FOREIGN", numbers(0), "HOSTMASTER-MNT"), large("AS-HUGE", numbers(0, 40_000), "HOSTMASTER-MNT"),
               large("AS-SMALL", numbers(0, 3), "HOSTMASTER-MNT")]
    path.write_text("\n".join(objects))
    network.cli("import", path, "--key", network.hostmaster.path, "--report", report, check=False)
    said = report.read_text()
    assert "AS-HUGE: it is larger than 524288 bytes" in said
    has(network, "AS-FOREIGN", numbers(0))
    has(network, "AS-SMALL", numbers(0, 3))


def test_bgpq4_has_all_of_it(network):
    host, port = network.endpoints["whois"]
    out = run("bgpq4", "-p", "-h", f"{host}:{port}", "-S", "ALAMO", "-t", "-j", "-l", "F", "AS-FOREIGN").stdout
    assert "4200000000" in out and "4200009999" in out
