# SPDX-License-Identifier: MIT
"""A headless Chromium, driven by its DevTools protocol, and a proxy that writes down all that it sends."""

import base64
import json
import os
import socket
import struct
import subprocess
import threading
import urllib.request

from harness import stop, wait_for

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0")


class WebSocket:
    """RFC 6455, as much as a client of DevTools needs."""

    def __init__(self, url):
        host, path = url.removeprefix("ws://").split("/", 1)
        name, port = host.rsplit(":", 1)
        self.sock = socket.create_connection((name, int(port)), timeout=120)
        self.file = self.sock.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock.sendall(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        while self.file.readline() not in (b"\r\n", b""):
            pass

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        length = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack("!BH", 0xFE, len(data)) if len(data) < 65536 \
            else struct.pack("!BQ", 0xFF, len(data))
        self.sock.sendall(b"\x81" + length + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data)))

    def receive(self):
        message = b""
        while True:
            first, second = self.file.read(2)
            length = second & 127
            if length > 125:
                length = struct.unpack("!H" if length == 126 else "!Q", self.file.read(2 if length == 126 else 8))[0]
            data = self.file.read(length)
            if first & 15 in (0, 1):
                message += data
                if first & 128:
                    return message.decode()


class Recorder:
    """An HTTP proxy on loopback: passes on, and keeps every byte that came from the browser."""

    def __init__(self):
        self.sent, self.lock = [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        """One request a connection: its target is absolute, and the next one may be for another host."""
        head = b""
        with client:
            while b"\r\n\r\n" not in head and (got := client.recv(65536)):
                head += got
            self.keep(head)
            if not head.startswith((b"GET http://", b"POST http://", b"HEAD http://")):
                return
            method, target, rest = head.split(b" ", 2)
            host, _, path = target[len(b"http://"):].partition(b"/")
            name, _, port = host.rpartition(b":")
            if name not in (b"127.0.0.1", b"[::1]"):
                return    # Chromium's own wishes
            fields = rest.replace(b"Proxy-Connection: keep-alive\r\n", b"Connection: close\r\n")
            with socket.create_connection((name.strip(b"[]").decode(), int(port)), timeout=120) as server:
                server.sendall(method + b" /" + path + b" " + fields)
                threading.Thread(target=self.upward, args=(client, server), daemon=True).start()
                try:
                    while got := server.recv(65536):
                        client.sendall(got)
                except OSError:
                    pass

    def upward(self, client, server):
        try:
            while got := client.recv(65536):
                self.keep(got)
                server.sendall(got)
        except OSError:
            pass

    def keep(self, data):
        with self.lock:
            self.sent.append(data)

    def bytes(self):
        with self.lock:
            return b"".join(self.sent)

    def close(self):
        self.listener.close()


class Browser:
    """One tab. Errors and complaints of its pages are kept in `trouble`, what they load in `asked`."""

    def __init__(self, directory, proxy=None, downloads=None):
        words = ["chromium", *FLAGS, f"--user-data-dir={directory}"]
        if proxy:
            words += [f"--proxy-server=127.0.0.1:{proxy}", "--proxy-bypass-list=<-loopback>"]
        self.log = open(f"{directory}.log", "wb")
        environment = os.environ | {"HOME": str(directory), "TZ": "UTC"}
        self.process = subprocess.Popen([*words, "about:blank"], stdout=self.log, stderr=self.log, env=environment)
        self.number, self.trouble, self.asked = 0, [], set()
        where = wait_for(lambda: self.endpoint(directory), 120, "chromium")
        # DevTools itself is not asked through the proxy.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        pages = json.load(opener.open(f"http://{where}/json/list", timeout=60))
        self.socket = WebSocket(next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page"))
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        if downloads:
            self.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    def endpoint(self, directory):
        assert self.process.poll() is None, open(self.log.name, "rb").read()[-2000:]
        text = open(f"{directory}/DevToolsActivePort").read().splitlines()
        return f"127.0.0.1:{text[0]}" if len(text) > 1 else None

    def call(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.receive())
            if message.get("id") == self.number:
                assert "error" not in message, (method, message)
                return message["result"]
            self.note(message)

    def note(self, message):
        kind, what = message.get("method"), message.get("params", {})
        if kind == "Network.requestWillBeSent":
            self.asked.add(what["request"]["url"])
        elif kind == "Runtime.exceptionThrown":
            self.trouble.append(what["exceptionDetails"].get("exception", {}).get("description", str(what)))
        elif kind == "Log.entryAdded" and what["entry"]["level"] == "error":
            self.trouble.append(f"{what['entry']['text']} {what['entry'].get('url', '')}")

    def run(self, script):
        """The value of an expression, waited for."""
        got = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in got, (script, got["exceptionDetails"])
        return got["result"].get("value")

    def open(self, url):
        self.call("Page.navigate", url=url)
        wait_for(lambda: self.run("location.href + ' ' + document.readyState") == f"{url} complete", 60, url)

    def wait(self, script, what=None):
        return wait_for(lambda: self.run(script), 60, what or script)

    def fill(self, element, text):
        self.run(f"(() => {{ const e = document.getElementById({json.dumps(element)}); e.value = {json.dumps(text)};"
                 " e.dispatchEvent(new Event('input', { bubbles: true })); })()")

    def click(self, element):
        self.run(f"document.getElementById({json.dumps(element)}).click()")

    def text(self, element):
        return self.run(f"document.getElementById({json.dumps(element)}).textContent")

    def attach(self, element, path):
        """A file into an <input type=file>, as a person chooses it."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=f"#{element}")["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def size(self, width, height=900, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, path):
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        with open(path, "wb") as out:
            out.write(base64.b64decode(shot["data"]))

    def close(self):
        stop(self.process)
        self.log.close()
