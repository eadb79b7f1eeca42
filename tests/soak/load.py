# SPDX-License-Identifier: MIT
"""Members who register, change and return things, and people who ask, all the while."""

import contextlib
import random
import threading
import time

import dns.exception
import dns.message
from harness import Answer, Key, attributes, mntner, obj

AGAIN = "send the same bytes again"

JOINS_MAX = 1500   # of each member: numbers are not given back, and the plan has ten thousand


class Member:
    """One thread. Every request goes out, the same bytes, until it has an answer."""

    def __init__(self, number, authority, folder, seed, ending, pause):
        self.number, self.authority, self.ending, self.pause = number, authority, ending, pause
        self.chance = random.Random(seed * 1000 + number)
        self.key = Key(folder / f"member{number}")
        self.names, self.count, self.route = [], 0, None
        self.receipts = {}       # index -> the bytes
        self.times, self.sent_again, self.refused, self.trouble = [], 0, 0, []
        self.thread = threading.Thread(target=self.live)

    def live(self):
        try:
            while not self.ending.is_set():
                choice = self.chance.random()
                if len(self.names) < 2 or choice < 0.25 and self.count < JOINS_MAX:
                    self.join()
                elif choice < 0.75:
                    self.change()
                elif choice < 0.9:
                    self.give_back()
                else:
                    self.nonsense()
                self.ending.wait(self.chance.uniform(0, 2 * self.pause))
        except Exception as error:           # whatever it is, it is the soak's result
            self.trouble.append(f"member {self.number}: {error!r}")

    def send(self, objects, expect=True, **header):
        data = self.authority.signed(objects, [self.key], **header)
        while not self.ending.is_set():
            try:
                text = self.authority.talk(data, timeout=10)
            except OSError:
                text = ""
            if text.endswith("% end\n") and AGAIN not in text:
                return self.answered(data, Answer(text), expect)
            self.sent_again += 1
            self.ending.wait(0.05)
        return None

    def answered(self, data, answer, expect):
        if answer.accepted != expect:
            self.trouble.append(f"member {self.number}: {answer.text}")
        if answer.accepted:
            if self.receipts.setdefault(answer.index, data) != data:
                self.trouble.append(f"two requests have the receipt {answer.index}")
            self.times.append(time.monotonic())
        else:
            self.refused += 1
        return answer

    def prev(self, cls, key):
        """A number or none: a registry that is busy, or not the one that writes, answers in other words."""
        while not self.ending.is_set():
            with contextlib.suppress(OSError, AssertionError, IndexError):
                prev = self.authority.prev(cls, key)
                if prev == "none" or prev.isdigit():
                    return prev
            self.ending.wait(0.05)
        return "none"

    def join(self):
        mnt, self.count = f"S{self.number}-{self.count}-MNT", self.count + 1
        name = f"s{self.number}-{self.count}.alamo"
        objects = [mntner(mnt, self.key), obj(("aut-num", "AUTO-1"), ("as-name", f"S{self.count}-AS"), mnt=mnt),
                   obj(("inet6num", "AUTO-2/48"), ("netname", f"S{self.count}-NET"), mnt=mnt),
                   obj(("route6", "AUTO-2/48"), ("origin", "AUTO-1"), mnt=mnt),
                   obj(("domain", name), ("record", "@ AAAA fca1::1"), mnt=mnt)]
        answer = self.send(objects)
        if answer is not None and answer.accepted:
            self.names.append((mnt, name, answer.key("route6"), answer.key("aut-num")))

    def change(self):
        mnt, name, _, _ = self.chance.choice(self.names)
        lines = [("record", f"h{n} AAAA fca1::{self.chance.randrange(1, 65536):x}") for n in range(self.chance.randrange(1, 6))]
        self.send([obj(("domain", name), *lines, mnt=mnt)], prev=self.prev("domain", name))

    def give_back(self):
        """A route goes, or its domain."""
        mnt, name, route, asn = self.names.pop(self.chance.randrange(len(self.names)))
        if self.chance.random() < 0.5:
            text = obj(("domain", name), ("record", "@ AAAA fca1::1"), mnt=mnt) + attributes([("delete", "not needed")])
            self.send([self.shown("domain", name, text)], prev=self.prev("domain", name))
        else:
            prefix = route.removesuffix(asn)
            self.send([obj(("route6", prefix), ("origin", asn), mnt=mnt) + attributes([("delete", "moved away")])],
                      prev=self.prev("route6", route))

    def shown(self, cls, key, default):
        while not self.ending.is_set():
            with contextlib.suppress(OSError, AssertionError):
                return self.authority.shown(cls, key) + attributes([("delete", "not needed")])
            self.ending.wait(0.05)
        return default

    def nonsense(self):
        """Refused, whatever else is going on."""
        mnt = self.names[0][0]
        self.send([obj(("domain", "not a name"), mnt=mnt)], expect=False)


class Reader:
    """Asks whois, DNS and RTR; counts what came, and what came not."""

    def __init__(self, authority, seed, ending):
        self.authority, self.chance, self.ending = authority, random.Random(seed), ending
        self.answers, self.silence, self.trouble = 0, 0, []
        self.session = None
        self.thread = threading.Thread(target=self.live)

    def live(self):
        while not self.ending.wait(self.chance.uniform(0, 0.02)):
            kind = self.chance.choice((self.whois, self.dns, self.rtr))
            try:
                kind()
                self.answers += 1
            except (OSError, EOFError, dns.exception.DNSException):
                self.silence += 1
                self.session = None
            except Exception as error:
                self.trouble.append(f"{kind.__name__}: {error!r}")
                self.session = None

    def whois(self):
        self.authority.whois(f"s{self.chance.randrange(4)}-{self.chance.randrange(1, 40)}.alamo", timeout=5)

    def dns(self):
        self.authority.dns(f"h1.s{self.chance.randrange(4)}-{self.chance.randrange(1, 40)}.alamo", "AAAA", dnssec=True,
                           tcp=self.chance.random() < 0.2, timeout=2)

    def rtr(self):
        """One session as long as it lasts: every difference must fit what it is one from."""
        if self.session is None:
            self.session = self.authority.rtr()
            self.session.reset()
        self.session.refresh()
