# SPDX-License-Identifier: MIT
"""Clients that a server has to bear: each is a context, and goes on as long as that does. All on loopback."""

import contextlib
import resource
import socket
import threading

IDLE = 1000
SLOW = 100
DEAF = 20
HUGE = b"x" * 60000 + b"\r\n"    # a line that no question is


def connect(stack, port):
    return stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))


@contextlib.contextmanager
def again_and_again(act):
    """On a thread, until the context's end. What the server answers by an end is borne."""
    over = threading.Event()

    def run():
        while not over.is_set():
            with contextlib.suppress(OSError):
                act(over)
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def idle(port):
    """Connections that say nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        for _ in range(IDLE):
            connect(stack, port)
        yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def slow(port):
    """Some who send a question byte by byte, and some who ask for much and read nothing."""
    def drip(over):
        with contextlib.ExitStack() as stack:
            socks = [connect(stack, port) for _ in range(SLOW)]
            for byte in b"-T route -x 1.0.0.0/24":
                for sock in socks:
                    sock.send(bytes([byte]))
                    if over.wait(0.002):
                        return

    with contextlib.ExitStack() as stack, again_and_again(drip):
        for _ in range(DEAF):
            connect(stack, port).sendall(b"-T route -M 10.0.0.0/8\r\n")
        yield


@contextlib.contextmanager
def huge(port):
    """One who sends lines that are far too long, and reads what is said of them."""
    def shout(_):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
            sock.sendall(HUGE)
            while sock.recv(65536):
                pass

    with again_and_again(shout):
        yield
