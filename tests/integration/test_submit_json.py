# SPDX-License-Identifier: MIT
"""`alamo submit --json`: the answer for programs."""

import json

from harness import mntner, obj


def submit(authority, key, path, text, code):
    path.write_text(text)
    done = authority.cli("submit", path, "--key", key.path, "--json", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_accepted_and_refused(authority, key, tmp_path):
    text = mntner("JSON-MNT", key) + "\n" + obj(("aut-num", "AUTO-1"), ("as-name", "JSON-AS"), mnt="JSON-MNT")
    said = submit(authority, key, tmp_path / "good", text, 0)
    assert said["accepted"] and said["index"] == 1 and said["errors"] == []
    assert [(one["action"], one["succeeded"], one["class"]) for one in said["objects"]] == [
        ("Create", True, "mntner"), ("Create", True, "aut-num")]
    assert said["objects"][1]["key"].startswith("AS")
    assert "% receipt: index 1" in said["answer"]

    text = obj(("domain", "json.alamo"), ("record", "@ A 10.0.0.1"), mnt="JSON-MNT") + "\n" + obj(
        ("domain", "bad.example"), ("record", "@ A 10.0.0.1"), mnt="JSON-MNT")
    said = submit(authority, key, tmp_path / "bad", text, 1)
    assert not said["accepted"] and said["index"] is None
    assert [one["succeeded"] for one in said["objects"]] == [False, False]
    assert said["objects"][0]["errors"] == [] and "POLICY-NAME-PARENT" in said["objects"][1]["errors"][0]
