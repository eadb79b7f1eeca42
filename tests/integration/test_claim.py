# SPDX-License-Identifier: MIT
"""A maintainer that came with keys of other kinds: claimed by one of them, once, with a proof that stays in the log."""

import subprocess

import pytest
from harness import Key, alamo, obj, run


def old_key(path, *kind):
    run("ssh-keygen", "-q", *kind, "-N", "", "-C", "old", "-f", path)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


KINDS = {
    "RSA": ("-t", "rsa", "-b", "2048"),
    "P256": ("-t", "ecdsa", "-b", "256"),
    "P384": ("-t", "ecdsa", "-b", "384"),
    "P521": ("-t", "ecdsa", "-b", "521"),
}


@pytest.fixture
def imported(own_authority, tmp_path):
    """An authority with one imported maintainer for each kind of key."""
    text = "".join(f"mntner: {name}-MNT\nauth: {old_key(tmp_path / name, *kind)}\nmnt-by: {name}-MNT\nsource: OTHER\n\n"
                   for name, kind in KINDS.items())
    (tmp_path / "objects").write_text(text)
    own_authority.cli("import", tmp_path / "objects", "--key", own_authority.hostmaster.path)
    return own_authority


def claim(authority, name, old, new):
    return authority.cli("claim", f"{name}-MNT", "--old-key", old, "--key", new.path).stdout


@pytest.mark.parametrize("name", KINDS)
def test_a_claim_gives_it_to_the_new_key(imported, tmp_path, name):
    new = Key(tmp_path / "new")
    assert "claim-key:" in imported.ask(f"show mntner {name}-MNT") and "auth:" not in imported.ask(f"show mntner {name}-MNT")
    file = tmp_path / "claim"
    file.write_text(claim(imported, name, tmp_path / name, new))
    assert "Modify SUCCEEDED" in imported.cli("submit", file, "--key", new.path).stdout
    assert new.public in imported.ask(f"show mntner {name}-MNT")
    # From now on it is the new key's alone; the old one claims nothing any more.
    thief = Key(tmp_path / "thief")
    file.write_text(claim(imported, name, tmp_path / name, thief))
    result = imported.cli("submit", file, "--key", thief.path, check=False)
    assert result.returncode != 0 and "(AUTH-MNT)" in result.stdout
    imported.verify()
    assert "clean" in alamo("audit", imported.dir).stdout


def changed(text, name, value):
    return "".join(f"{name}: {value}\n" if line.startswith(f"{name}:") else line for line in text.splitlines(True))


def test_only_the_right_proof_counts(imported, tmp_path):
    """Every other proof: by another key, for another maintainer, key or registry, for nothing at all."""
    new, thief = Key(tmp_path / "new"), Key(tmp_path / "thief")
    good = "".join(line for line in claim(imported, "RSA", tmp_path / "RSA", new).splitlines(True) if not line.startswith("%"))
    other = claim(imported, "P256", tmp_path / "P256", new)

    def proof(text):
        return next(line.split()[1] for line in text.splitlines() if line.startswith("claim-proof:"))

    def foreign(namespace):
        text = f"alamo claim v1\nregistry ALAMO\nmntner RSA-MNT\nkey {new.public}\n"
        block = subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", tmp_path / "RSA"], input=text,
                               capture_output=True, text=True, check=True).stdout
        return "".join(block.splitlines()[1:-1])

    prev = imported.prev("mntner", "RSA-MNT")
    bad = [
        (changed(good, "claim-proof", proof(other)), new),
        (changed(good, "claim-proof", proof(claim(imported, "RSA", tmp_path / "P256", new))), new),
        (changed(good, "auth", thief.public), thief),
        (good, thief),
        (good.replace("mnt-by:", f"auth: {thief.public}\nmnt-by:"), thief),
        ("".join(line for line in good.splitlines(True) if not line.startswith("claim-proof:")), new),
        (changed(good, "claim-proof", foreign("registry@alamo")), new),
        (changed(good, "claim-proof", foreign("claim@elsewhere")), new),
    ]
    for text, signer in bad:
        answer = imported.send([text], [signer], prev=prev)
        assert not answer.accepted and "(AUTH-MNT)" in answer.text, text
    assert not imported.send([changed(good, "claim-proof", "AAAA")], [new], prev=prev).accepted
    # A claim key is no key of ours for anything else: the object it would make is nobody's.
    answer = imported.send([obj(("person", "X"), ("nic-hdl", "X-ALAMO"), mnt="RSA-MNT")], [new])
    assert not answer.accepted
    imported.accept([changed(good, "claim-proof", foreign("claim@alamo"))], [new], prev=prev)
