# SPDX-License-Identifier: MIT
"""The command line itself: options at any place and never ignored, help, completion, output that cannot be written."""

import re
import subprocess

import pytest
from harness import ALAMO, Key, alamo, mntner, obj, run, wait_for

NOWHERE = "127.0.0.1:1"
COMMANDS = re.findall(r"^  ([a-z]+) ", alamo("help").stdout, re.M)


def options_of(command):
    return re.findall(r"^ +(?:-[a-z], )?--([a-z0-9-]+)", alamo(command, "--help").stdout, re.M)


# Words that a command takes before it asks anybody.
ASKING = {
    "show": ("aut-num", "AS1"),
    "whois": ("AS1",),
    "free": ("asn",),
    "head": (),
    "network": ("show",),
    "verify": (),
    "audit": (),
    "why": ("fca1::/16", "AS1"),
    "log": ("tail",),
    "monitor": ("--mnt", "X-MNT"),
    "queue": ("list",),
    "contact": ("show", "X-ALAMO"),
    "submit": ("FILE",),
    "import": ("FILE",),
    "join": ("--name", "X", "--key", "KEY"),
    "invite": (),
    "tree": (),
    "claim": ("X-MNT", "--old-key", "KEY", "--key", "KEY"),
    "node": ("init", "X-R1", "--root", "ROOT"),
    "peer": ("add", "Y-R1", "--root", "ROOT"),
    "host": ("www.x.alamo", "--to", "[::80]:80", "--root", "ROOT", "--key", "KEY"),
    "unhost": ("www.x.alamo", "--root", "ROOT"),
    "services": (),
    "domain": ("cds", "x.alamo", "--root", "ROOT"),
    "mesh": ("up", "--root", "ROOT"),
    "resolver": ("unbound", "--anchor", "ANCHOR"),
}
# An offer is read before anybody is asked; and for these two a registry that is away is a finding (test_vouch.py, test_node.py).
OTHERWISE = {"vouch", "doctor", "status"}


def test_every_command_with_a_server_is_asked_here():
    assert {command for command in COMMANDS if "server" in options_of(command)} == set(ASKING) | OTHERWISE


@pytest.mark.parametrize("command", ASKING)
def test_server_at_every_place(command, key, tmp_path):
    (tmp_path / "file").write_text("person: X\n")
    (tmp_path / "root/etc/alamo").mkdir(parents=True)
    (tmp_path / "root/etc/alamo/node.conf").write_text(
        f"name = X-R1\nrtr = 127.0.0.1:1\nsuper = fca1::/16\nsigner = {key.public}\n")
    (tmp_path / "root/etc/alamo/mesh.key").write_text("A" * 43 + "=\n")
    (tmp_path / "anchor").write_text(f"alamo. IN DS 1 13 2 {'ab' * 32}\n")
    names = {"FILE": tmp_path / "file", "KEY": key.path, "ROOT": tmp_path / "root", "ANCHOR": tmp_path / "anchor"}
    words = [names.get(word, word) for word in ASKING[command]]
    pairs = {"--name", "--key", "--mnt", "--root", "--old-key", "--anchor", "--to"}
    for at in range(len(words) + 1):
        if at > 0 and words[at - 1] in pairs:
            continue  # an option and its value belong together
        for option in (["--server", NOWHERE], [f"--server={NOWHERE}"]):
            typed = [command, *words[:at], *option, *words[at:]]
            result = alamo(*typed, check=False)
            assert result.returncode == 3, (typed, result.stderr)
            assert NOWHERE in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_and_unknown_options(command):
    text = alamo(command, "--help").stdout
    assert text.startswith(f"usage: alamo {command}")
    assert alamo(command, "-h").stdout == text
    assert alamo("help", command).stdout == text
    for words in (["--no-such-thing"], ["word", "--no-such-thing"], ["--no-such-thing=1", "word"]):
        result = alamo(command, *words, check=False)
        assert result.returncode == 2 and "there is no option --no-such-thing" in result.stderr, words
        assert result.stdout == "" and result.stderr.startswith(f"alamo: {command}")


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_words_are_named(command):
    result = alamo(command, *["surplus-word"] * 9, check=False)
    assert result.returncode != 0 and "usage:" not in result.stderr


def test_output_that_cannot_be_written(authority, key):
    for words in (["help"], ["head"], ["free", "asn"], ["join", "--help"], ["completion", "bash"],
                  ["verify", str(authority.dir)], ["join", "--json", "--name", "FULL", "--key", str(key.path)]):
        with open("/dev/full", "w") as full:
            result = subprocess.run([ALAMO, *words], stdout=full, stderr=subprocess.PIPE, text=True,
                                    env=authority.environment(), timeout=60)
        assert result.returncode == 1 and "No space left" in result.stderr, words
    assert "FULL-MNT" in authority.cli("show", "mntner", "FULL-MNT").stdout


def test_a_follower_ends_with_its_reader(authority):
    """`alamo log tail | head -1` is over when head has gone."""
    for words in (["log", "tail"], ["monitor", "--mnt", "HOSTMASTER-MNT"]):
        process = subprocess.Popen([ALAMO, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=authority.environment())
        assert process.stdout.readline().startswith("entry 0 ")
        process.stdout.close()
        key = Key(authority.dir / f"key-{words[0]}")
        wait_for(lambda: alive_after_an_entry(authority, process, key) is False, what=f"{words[0]} to end")
        assert process.wait(60) == 1 and process.stderr.read() == ""
        process.stderr.close()


def alive_after_an_entry(authority, process, key):
    name = f"NOISE{authority.ask('head').splitlines()[1]}-MNT"
    authority.accept([mntner(name, key), obj(("person", "P"), ("nic-hdl", f"{name[:-4]}-ALAMO"), mnt="HOSTMASTER-MNT")],
                     [key, authority.hostmaster])
    return process.poll() is None


# ---- completion ----


def bash_complete(script, *words):
    """What bash offers for the last word."""
    quoted = " ".join(f"'{word}'" for word in ("alamo", *words))
    program = f"""source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _alamo; printf '%s\\n' "${{COMPREPLY[@]}}" """
    return set(run("bash", "--norc", "-c", program).stdout.split())


def test_bash_completion(tmp_path):
    script = tmp_path / "alamo.bash"
    script.write_text(alamo("completion", "bash").stdout)
    assert bash_complete(script, "") >= set(COMMANDS)
    assert bash_complete(script, "mon") == {"monitor"}
    assert bash_complete(script, "queue", "") >= {"list", "show", "approve", "refuse"}
    assert bash_complete(script, "queue", "approve", "7", "--ha") == {"--hash"}
    assert bash_complete(script, "init", "x", "--ports", "") == {"default", "any", "standard"}
    assert bash_complete(script, "completion", "z") == {"zsh"}
    (tmp_path / "some-file").touch()
    assert bash_complete(script, "submit", f"{tmp_path}/some") == {f"{tmp_path}/some-file"}
    for command in COMMANDS:
        assert bash_complete(script, command, "--") >= {f"--{name}" for name in options_of(command)}


ZSH = r"""
zmodload zsh/zpty
zpty z "PS1= zsh -f -i"
zpty -w z 'autoload -U compinit; compinit -D -u; fpath=(FOLDER $fpath); autoload -U _alamo; compdef _alamo alamo'
zpty -w z 'LISTMAX=1000; zstyle ":completion:*" list-prompt ""; unsetopt beep; PROMPT=; echo re""ady'
zpty -r z seen '*ready*'
zpty -w -n z $'alamo LINE\t\t'
sleep 0.1
repeat 100; do
	zpty -r -t z more && text+=$more
	[[ $text == *WANTED* ]] && break
	sleep 0.1
done
print -r -- "$text"
zpty -d z
"""


def test_zsh_completion(tmp_path):
    (tmp_path / "_alamo").write_text(alamo("completion", "zsh").stdout)
    run("zsh", "-n", tmp_path / "_alamo")
    for line, wanted in (("mon", "monitor"), ("queue app", "approve"), ("init x --ports sta", "standard"),
                         ("verify --evi", "--evidence")):
        program = ZSH.replace("FOLDER", str(tmp_path)).replace("LINE", line).replace("WANTED", wanted)
        assert wanted in run("zsh", "-f", "-c", program).stdout, line
