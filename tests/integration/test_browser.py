# SPDX-License-Identifier: MIT
"""A newcomer in a browser: a key, a request, a receipt, a change; on the wire nothing of the private key."""

import base64
import json
import os
import re
import shutil
import urllib.parse
from pathlib import Path

import pytest
from browser import Browser, Recorder
from harness import ROOT, Key, obj, run, wait_for

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed: script/setup --tests")
PAGES = ("/", "/space/", "/map", "/growth", "/join", "/search?q=help")


def site(authority):
    host, port = authority.endpoints["rdap"]
    return f"http://{host}:{port}"


@pytest.fixture(scope="module")
def recorder():
    made = Recorder()
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser(recorder, tmp_path_factory):
    directory = tmp_path_factory.mktemp("chromium")
    made = Browser(directory / "profile", proxy=recorder.port, downloads=directory)
    made.directory = directory
    yield made
    made.close()


def seed_of(path):
    """The 32 secret bytes of an OpenSSH key file, as ssh-keygen's PEM says them."""
    from cryptography.hazmat.primitives import serialization
    key = serialization.load_ssh_private_key(Path(path).read_bytes(), None)
    return key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())


def spellings(seed):
    """What a leak of it could look like: bytes, hex, base64 in each alignment."""
    yield seed
    yield seed.hex().encode()
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + seed)
        core = text[4 if shift else 0 : 40]
        yield core
        yield core.replace(b"+", b"-").replace(b"/", b"_")
        yield urllib.parse.quote(core.decode()).encode()


def download(browser, link, name):
    browser.click(link)
    path = browser.directory / name
    wait_for(lambda: path.exists() and path.stat().st_size > 0, 60, name)
    return path


def test_a_newcomer_joins_and_changes_what_he_has(authority, browser, recorder):
    browser.open(site(authority) + "/join")
    browser.click("make")
    browser.wait("document.getElementById('key').textContent.startsWith('Made: SHA256:')")
    path = download(browser, "save", "id_alamo")
    path.chmod(0o600)
    # The file is a key as OpenSSH makes it, and the one that the page shows.
    shown = browser.text("key").split()[-1]
    assert shown in run("ssh-keygen", "-lf", path).stdout
    browser.fill("name", "Newcomer")
    browser.fill("domain", "newcomer")
    text = browser.run("document.getElementById('text').value")
    assert "mntner:         NEWCOMER-MNT" in text and "domain:         newcomer.alamo" in text
    browser.click("send")
    browser.wait("/^Done, and proved/.test(document.getElementById('state').textContent) || "
                 "document.getElementById('state').className === 'bad'", "the answer")
    assert browser.text("state").startswith("Done, and proved: entry"), browser.text("state") + browser.text("answer")
    receipt = download(browser, "receipt", re.search(r"entry (\d+)", browser.text("state"))[1] + ".tlog-proof")
    assert "verified" in authority.cli("receipt", "verify", receipt, "--key", authority.dir / "keys/log.pub", check=False).stdout \
        or receipt.read_text().startswith("c2sp.org/tlog-proof@v1")
    assert browser.wait("document.getElementById('receipts').textContent").endswith("verified")
    # The object's page, and the entry that made it, checked there.
    asn = browser.run("[...document.querySelectorAll('#objects a')].map(a => a.textContent).find(t => t.startsWith('aut-num'))").split()[1]
    browser.open(f"{site(authority)}/object/mntner/NEWCOMER-MNT")
    browser.wait("!document.getElementById('check').hidden")

    def checked():
        browser.click("check")
        return browser.wait("document.getElementById('said').textContent") if browser.run("true") else None

    wait_for(lambda: "Signed by" in checked(), 60, "the entry in the published log")
    assert f"Signed by {shown}" in browser.text("said") and "that the pinned key has signed" in browser.text("said")
    # A change, with the key file this time.
    browser.open(f"{site(authority)}/join?object=aut-num/{asn}")
    browser.attach("file", path)
    browser.wait("document.getElementById('key').textContent.startsWith('Read: SHA256:')")
    text = browser.run("document.getElementById('text').value")
    browser.fill("text", text.replace("NEWCOMER-AS", "RENAMED-AS"))
    browser.click("send")
    browser.wait("document.getElementById('state').className !== '' && !document.getElementById('state').textContent.startsWith('Sent')")
    assert browser.text("state").startswith("Done, and proved"), browser.text("state") + browser.text("answer")
    assert "RENAMED-AS" in authority.ask(f"show aut-num {asn}")
    authority.verify()
    # On the wire: requests, and nothing of the secret.
    seed, sent = seed_of(path), recorder.bytes()
    assert b"POST http://" in sent and b"NEWCOMER-MNT" in sent and b"RENAMED-AS" in sent
    assert not [spelling for spelling in spellings(seed) if spelling in sent]
    assert b"PRIVATE KEY" not in sent
    assert browser.asked and all(url.startswith(("http://127.0.0.1:", "blob:")) for url in browser.asked), browser.asked
    assert browser.trouble == []


def test_what_goes_wrong_is_said(authority, browser):
    browser.open(site(authority) + "/join")
    browser.click("send")
    browser.wait("/make a key or choose/.test(document.getElementById('state').textContent)")
    broken = browser.directory / "broken"
    broken.write_text("hello")
    browser.attach("file", broken)
    browser.wait("/no block/.test(document.getElementById('key').textContent)")
    locked = browser.directory / "locked"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", locked)
    browser.attach("file", locked)
    browser.wait("/passphrase/.test(document.getElementById('key').textContent)")
    browser.click("make")
    browser.wait("document.getElementById('key').textContent.startsWith('Made')")
    browser.fill("name", "Other")
    browser.fill("text", browser.run("document.getElementById('text').value").replace("OTHER-MNT", "HOSTMASTER-MNT"))
    browser.click("send")
    browser.wait("/Nothing was changed/.test(document.getElementById('state').textContent)")
    assert "HOSTMASTER-MNT" in browser.text("answer")


def test_a_signature_made_elsewhere(authority, browser, tmp_path):
    key = Key(tmp_path / "elsewhere")
    browser.open(site(authority) + "/join")
    text = f"request: pasted\nprev: none\n\n{obj(('mntner', 'PASTED-MNT'), ('auth', key.public), mnt='PASTED-MNT')}"
    browser.fill("text", text)
    browser.fill("signature", key.sign(text).decode())
    browser.click("send")
    browser.wait("/^Done, and proved/.test(document.getElementById('state').textContent)", "the answer")


def test_a_receipt_or_a_log_that_lies_is_refused(authority, browser):
    """The page's own verification, fed with what is not true."""
    browser.open(site(authority) + "/join")
    key = Key(browser.directory / "liar")
    body = authority.signed([obj(("mntner", "HONEST-MNT"), ("auth", key.public), mnt="HONEST-MNT")], [key]).decode()
    authority.talk(body.encode())
    answer, other = authority.talk(body.encode()), authority.signed([obj(("mntner", "X-MNT"), mnt="X-MNT")], [key]).decode()
    vkey = (authority.dir / "keys/log.pub").read_text().strip()

    def verdict(answer, body=body, vkey=vkey):
        return browser.run(f"""(async () => {{ const m = await import('/alamo.js'); try {{
            await m.checkReceipt(m.findReceipt({json.dumps(answer)}), {json.dumps(body)}, {json.dumps(vkey)}); return 'good';
        }} catch (error) {{ return error.message; }} }})()""")

    assert verdict(answer) == "good"
    assert "not what was sent" in verdict(answer, body=other)
    proof = next(line for line in answer.splitlines() if re.fullmatch(r"[A-Za-z0-9+/]{43}=", line))
    assert "not in the log" in verdict(answer.replace(proof, base64.b64encode(os.urandom(32)).decode(), 1))
    signature = re.search("\u2014 \\S+ (\\S+)", answer)[1]
    wrong = base64.b64encode(bytes([byte ^ 1 if at == 40 else byte for at, byte in enumerate(base64.b64decode(signature))])).decode()
    assert "has not signed" in verdict(answer.replace(signature, wrong))
    extra = re.search(r"^extra (\S+)$", answer, re.M)[1]
    forged = base64.b64encode(base64.b64decode(extra).replace(b"result c", b"result m")).decode()
    assert "not in the log" in verdict(answer.replace(extra, forged))
    name, number, rest = vkey.split("+", 2)
    raw = base64.b64decode(rest)
    assert "damaged" in verdict(answer, vkey=f"{name}+{number}+{base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()}")


def test_an_open_page_follows_the_log(authority, browser, tmp_path):
    browser.open(site(authority) + "/")
    key = Key(tmp_path / "live")
    authority.accept([obj(("mntner", "LIVE-MNT"), ("auth", key.public), mnt="LIVE-MNT")], [key])
    browser.wait("document.querySelector('main').textContent.includes('LIVE-MNT')", "the page to follow")


def test_without_scripts_all_is_read(authority, browser):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        for page in (*PAGES, "/object/registry/ALAMO"):
            browser.call("Page.navigate", url=site(authority) + page)
            wait_for(lambda: browser.run("document.readyState") == "complete", 60, page)
            assert browser.run("document.querySelector('main h1') !== null"), page
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.skipif("ALAMO_AXE" not in os.environ, reason="ALAMO_AXE names no axe.min.js (npm pack axe-core)")
@pytest.mark.parametrize("page", [*PAGES, "/object/registry/ALAMO", "/object/as-block/AS4252660000-AS4252669999?version=1"])
@pytest.mark.parametrize("width, dark", [(390, False), (1280, True)])
def test_axe_finds_no_violation(authority, browser, page, width, dark):
    browser.size(width, dark=dark)
    browser.open(site(authority) + page)
    axe = Path(os.environ["ALAMO_AXE"]).read_text()
    browser.run(axe + ";0")
    found = json.loads(browser.run("axe.run().then(r => JSON.stringify(r.violations.map(v => [v.id, v.nodes.map(n => n.html)])))"))
    assert found == []
    # Nothing is wider than the screen.
    assert browser.run("document.documentElement.scrollWidth <= innerWidth"), page


def test_the_code_of_join_is_short():
    """Ten minutes of reading: what the page runs is these two files."""
    lines = sum(len(Path(ROOT / "whois/page" / name).read_text().splitlines()) for name in ("join.js", "alamo.js"))
    assert lines < 450
