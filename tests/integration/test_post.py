# SPDX-License-Identifier: MIT
"""The request port's words over HTTP: the same answers, the same limits, from any page and from curl."""

import http.client
import socket
import threading

import pytest
from conftest import running
from harness import Answer, Key, mntner, obj, request_text, run, wait_for


def post(authority, body, headers=None, path="/requests"):
    connection = http.client.HTTPConnection(*authority.endpoints["log-http"], timeout=60)
    try:
        connection.request("POST", path, body.encode() if isinstance(body, str) else body, headers or {"Content-Type": "text/plain"})
        response = connection.getresponse()
        return response, response.read().decode()
    finally:
        connection.close()


def test_a_request_and_its_answer(authority, key):
    body = authority.signed([mntner("POST-MNT", key)], [key], name="post-1")
    response, text = post(authority, body)
    answer = Answer(text)
    assert response.status == 200 and response.getheader("Access-Control-Allow-Origin") == "*"
    assert answer.accepted and "Create SUCCEEDED: [mntner] POST-MNT" in text and text.endswith("% end\n")
    # The port gives the same bytes the same entry; here they come with the entry, there too.
    assert post(authority, body)[1] == authority.talk(body)
    assert Answer(post(authority, body)[1]).index == answer.index


def test_refusals_and_questions_are_those_of_the_port(authority, key):
    wrong = authority.signed([mntner("NOT-MINE-MNT", Key(key.path.parent / "other"))], [key])
    assert post(authority, wrong)[1] == authority.talk(wrong)
    for question in ("free asn", "head", "help", "prev mntner NOBODY-MNT", "nonsense", "network"):
        assert post(authority, question)[1] == authority.talk(question.encode() + b"\n"), question
    assert post(authority, question + "\r\n")[1] == post(authority, question)[1]


BROKEN = {"empty": "", "blank": "\n\n", "two questions": "free asn\nhead\n", "no end": "request: x\n", "NUL": "\x00",
          "both": "free asn\nrequest: x\n", "CR": "request: x\rprev: none\n", "long line": "a" * 9000,
          "too large": "request: x\n\n" + "as-set: AS-X\n" * 6000}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_request(authority, name):
    response, text = post(authority, BROKEN[name])
    assert response.status == 200 and "Error" in text.title() and "receipt" not in text and text.endswith("% end\n"), text


def test_two_requests_in_one_body_are_refused_whole(authority, key):
    one = authority.signed([mntner("ONE-MNT", key)], [key])
    text = post(authority, one + b"\n" + one)[1]
    assert text.startswith("%ERROR: the body is one question, or one request")
    assert "%ERROR" in authority.ask("show mntner ONE-MNT")


def test_methods_and_sizes(authority):
    for method, status in (("GET", 405), ("PUT", 405), ("OPTIONS", 405)):
        connection = http.client.HTTPConnection(*authority.endpoints["log-http"], timeout=60)
        connection.request(method, "/requests")
        assert connection.getresponse().status == status, method
        connection.close()
    assert post(authority, b"x" * (140 << 10))[0].status == 413
    assert post(authority, b"x", path="/checkpoint")[0].status == 405


def test_curl_and_ssh_keygen_are_enough(authority, tmp_path):
    key = Key(tmp_path / "curl")
    text = request_text([mntner("CURL-MNT", key)], name="curl-1")
    (tmp_path / "r").write_bytes(text.encode() + key.sign(text))
    host, port = authority.endpoints["log-http"]
    out = run("curl", "-sS", "--data-binary", f"@{tmp_path / 'r'}", f"http://{host}:{port}/requests").stdout
    assert "Create SUCCEEDED: [mntner] CURL-MNT" in out


def test_what_is_sent_behind_a_request_waits_for_its_answer(authority, key):
    """Pipelined, half-closed, and in one packet: answers come in order and all of them."""
    body = authority.signed([mntner("PIPE-MNT", key)], [key])
    first = b"POST /requests HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    second = b"POST /requests HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nprev mntner PIPE-MNT"
    third = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(authority.endpoints["log-http"], timeout=60) as sock:
        sock.sendall(first + second + third)
        sock.shutdown(socket.SHUT_WR)
        data = b""
        while got := sock.recv(65536):
            data += got
    text = data.decode()
    assert text.count("HTTP/1.1 200 OK") == 3
    places = [text.index(word) for word in ("Create SUCCEEDED: [mntner] PIPE-MNT", "\r\nprev: ", "alamo_http_answers_total")]
    assert places == sorted(places)


def test_who_leaves_before_the_answer_has_asked_all_the_same(authority, tmp_path):
    keys = [Key(tmp_path / f"gone{i}") for i in range(4)]
    bodies = [authority.signed([mntner(f"GONE{i}-MNT", key)], [key]) for i, key in enumerate(keys)]
    for body in bodies:
        with socket.create_connection(authority.endpoints["log-http"], timeout=60) as sock:
            sock.sendall(b"POST /requests HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    wait_for(lambda: all("mntner:" in authority.ask(f"show mntner GONE{i}-MNT") for i in range(4)), 60, "all four")


def test_the_source_pays(tmp_path):
    with running(tmp_path / "dir", conf={"registry": {"budget_source": 3}}) as authority:
        key = Key(tmp_path / "key")
        texts = [post(authority, authority.signed([obj(("as-set", f"AS-X{i}"), mnt="NOBODY-MNT")], [key]))[1] for i in range(6)]
        assert not texts[0].startswith("%ERROR") and texts[-1].startswith("%ERROR: budget of your address")
        # It is the address's budget, and not this door's: the port says the same.
        assert authority.talk(authority.signed([mntner("Y-MNT", key)], [key])).startswith("%ERROR: budget of")


def test_many_at_once(authority, tmp_path):
    keys = [Key(tmp_path / f"many{i}") for i in range(24)]
    bodies = [authority.signed([mntner(f"MANY{i}-MNT", key)], [key]) for i, key in enumerate(keys)]
    answers = [None] * len(bodies)

    def ask(i):
        answers[i] = Answer(post(authority, bodies[i])[1])

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(answer is not None and answer.accepted for answer in answers)
    assert len({answer.index for answer in answers}) == len(bodies)
