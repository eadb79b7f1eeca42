# SPDX-License-Identifier: MIT
"""No tool of ours: `ssh-keygen -Y sign` and `nc` are enough."""

import shlex
import subprocess

import pytest
from harness import Answer, alamo, mntner, obj, request_text


def shell(script, **variables):
    words = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in variables.items())
    result = subprocess.run(["bash", "-c", f"{words}; {script}"], capture_output=True, text=True, timeout=60, check=True)
    return result.stdout


SEND = '(cat "$R"; ssh-keygen -q -Y sign -n registry@alamo -f "$K" <"$R") | nc -N "$H" "$P"'


def objects(key, name):
    mnt = f"{name}-MNT"
    return [
        mntner(mnt, key),
        obj(("aut-num", "AUTO-1"), ("as-name", f"{name}-AS"), mnt=mnt),
        obj(("inet6num", "AUTO-2/48"), ("netname", f"{name}-NET"), mnt=mnt),
        obj(("route6", "AUTO-2/48"), ("origin", "AUTO-1"), mnt=mnt),
    ]


def essence(text):
    """The answer without the checkpoint, which is the newest one."""
    return text.split("% receipt: ")[0] + text.split("% receipt: ")[1].split(",")[0]


def test_join_with_nc(authority, key, tmp_path):
    file = tmp_path / "request"
    file.write_text(request_text(objects(key, "NETCAT"), name="join-1"))
    host, port = authority.endpoints["requests"]
    first = shell(SEND, R=file, K=key.path, H=host, P=port)
    answer = Answer(first)
    assert first.startswith("SUMMARY OF UPDATE: join-1\n") and first.endswith("% end\n")
    assert answer.accepted
    assert [(action, good, cls) for action, good, cls, _ in answer.objects] == [
        ("Create", True, cls) for cls in ("mntner", "aut-num", "inet6num", "route6")
    ]
    # The same bytes again: the first answer again, and nothing new in the log.
    size = authority.ask("head").splitlines()[1]
    assert essence(shell(SEND, R=file, K=key.path, H=host, P=port)) == essence(first)
    assert authority.ask("head").splitlines()[1] == size


def test_mail_line_ends(authority, key, tmp_path):
    """CR LF is read as LF before anything is hashed."""
    text = request_text(objects(key, "CRLF"), name="crlf-1").encode()
    signed = text + key.sign(text)
    first = authority.talk(signed)
    assert Answer(first).accepted
    assert essence(authority.talk(signed.replace(b"\n", b"\r\n"))) == essence(first)


@pytest.mark.parametrize(
    ("name", "signed", "sent"),
    [
        ("stacked", b"remarks: a\r\n", b"remarks: a\r\r\r\n"),
        ("doubled", b"remarks: a\n", b"remarks: a\r\r\n"),
        ("inside", b"remarks: a\rb\n", b"remarks: a\rb\n"),
        ("leading", b"\rremarks: a\n", b"\rremarks: a\n"),
    ],
)
def test_stray_cr_is_refused(authority, key, name, signed, sent):
    """One form of the text: what an entry keeps is what was signed, so nobody can make a log that does not verify."""
    head = f"request: {name}\nprev: none\n\nmntner: {name.upper()}-MNT\n".encode()
    tail = f"auth: {key.public}\nmnt-by: {name.upper()}-MNT\nsource: ALAMO\n".encode()
    answer = authority.talk(head + sent + tail + key.sign(head + signed + tail))
    assert answer.startswith("%ERROR: line 5 has a CR that") and "(REQUEST-FORM)" in answer
    assert authority.ask(f"prev mntner {name.upper()}-MNT").strip() == "prev: none"
    authority.verify()
    alamo("audit", authority.dir)


def test_changed_text_is_refused(authority, key):
    text = request_text(objects(key, "FORGED"), name="forged-1").encode()
    answer = authority.talk(text.replace(b"FORGED-AS", b"FORGED-ES") + key.sign(text))
    assert not Answer(answer).accepted and "***Error:" in answer
    assert authority.ask("prev mntner FORGED-MNT").strip() == "prev: none"


def test_one_word_questions(authority):
    host, port = authority.endpoints["requests"]
    for question in ("help", "policy", "head", "free asn", "network"):
        answer = shell('echo "$Q" | nc -N "$H" "$P"', Q=question, H=host, P=port)
        assert answer.endswith("% end\n") and len(answer) > len("% end\n") and "%ERROR" not in answer, question
    answer = shell('echo "$Q" | nc -N "$H" "$P"', Q="nonsense", H=host, P=port)
    assert "%ERROR" in answer and answer.endswith("% end\n")


def test_several_on_one_connection(authority, key):
    """Questions and requests in turn, without closing."""
    parts = [b"head\n"]
    for name in ("SERIES1", "SERIES2"):
        text = request_text(objects(key, name), name=name.lower()).encode()
        parts += [text + key.sign(text) + b"\n", f"prev mntner {name}-MNT\n".encode()]
    answers = authority.talk(b"".join(parts)).split("% end\n")
    assert len(answers) == 6 and answers[5] == ""
    first, second = Answer(answers[1]), Answer(answers[3])
    assert answers[2].strip() == f"prev: {first.index}"
    assert answers[4].strip() == f"prev: {second.index}"
    assert second.index == first.index + 1


def test_many_questions_at_once(authority):
    """More than a connection may wait for at a time: the rest is answered when there is room."""
    count = 300
    answers = authority.talk(b"".join(b"prev mntner NOBODY%d-MNT\n" % number for number in range(count)), timeout=10)
    assert answers == "prev: none\n% end\n" * count
