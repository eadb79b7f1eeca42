# SPDX-License-Identifier: MIT
"""A registry that lies, or somebody between: passes questions and requests on, and alters what comes back."""

import re
import socket
import threading

REQUEST_END = re.compile(rb"-----END (SSH SIGNATURE|CONTACT [^\n]*)-----\n\n")


class Liar:
    """`answer(sent, true)` gives what the client gets for the bytes it sent; None closes the connection instead."""

    def __init__(self, target, answer=lambda sent, true: true):
        self.target = target
        self.answer = answer
        self.requests = []     # signed requests that came
        self.questions = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept(); the descriptor is closed when nobody waits on it
        self.thread.join()
        self.listener.close()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def ask(self, sent):
        with socket.create_connection(self.target, timeout=30) as sock:
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
            answer = b""
            while got := sock.recv(65536):
                answer += got
        return answer

    def talk(self, connection):
        waiting = b""
        with connection:
            while got := connection.recv(65536):
                waiting += got
                while waiting:
                    if waiting.startswith(b"request:"):
                        *_, end = [0, *(match.end() for match in REQUEST_END.finditer(waiting))]
                    else:
                        end = waiting.find(b"\n") + 1
                    if end == 0:
                        break
                    sent, waiting = waiting[:end], waiting[end:]
                    true = self.ask(sent)
                    (self.requests if sent.startswith(b"request:") else self.questions).append(sent)
                    said = self.answer(sent, true)
                    if said is None:
                        return
                    connection.sendall(said)
