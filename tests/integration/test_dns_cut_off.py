# SPDX-License-Identifier: MIT
"""A secondary that hears nothing more for ten days: what it serves is signed for as long as it serves it, then it gives up."""

import contextlib
import shutil
import time

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest
from harness import run, wait_for
from secondaries import ADDRESS, Nsd, free_port
from test_key_validators import DAY, HOUR, world  # noqa: F401  the fixture

ZONES = [".", "alamo"]
HALF_LIFE = 7 * DAY      # of a signature: until then none is made anew
SILENCE = 10 * DAY


class Lonely(Nsd):
    """By the played clock; what it has is in files, over restarts."""

    def __init__(self, directory, primary, clock):
        super().__init__(directory, primary, ZONES)
        self.clock = clock

    def write_conf(self):
        super().write_conf()
        conf = self.dir / "nsd.conf"
        text = conf.read_text().replace("server:\n", "server:\n\tzonefiles-write: 1\n", 1)
        for i, zone in enumerate(ZONES):
            text = text.replace(f'\tname: "{zone}"\n', f'\tname: "{zone}"\n\tzonefile: "{i}.zone"\n', 1)
        conf.write_text(text)

    def command(self):
        env = self.clock.env()
        said = [f"{name}={env[name]}" for name in ("LD_PRELOAD", "FAKETIME_TIMESTAMP_FILE", "FAKETIME_NO_CACHE")]
        return ["env", *said, *super().command()]

    def state(self, zone):
        """NOERROR with the SOA, or that it has given up; None: it is not up yet."""
        with contextlib.suppress(OSError, dns.exception.DNSException):
            answer = dns.query.udp(dns.message.make_query(zone, "SOA"), ADDRESS, port=self.port, timeout=1)
            return dns.rcode.to_text(answer.rcode())
        return None

    def is_written(self):
        return all((self.dir / f"{i}.zone").exists() and (self.dir / f"{i}.zone").stat().st_size > 0 for i in range(len(ZONES)))


def verify(lonely, zone, place, at):
    """Every signature of what it serves holds at that moment."""
    place.write_text("\n".join(sorted(lonely.zone(zone))) + "\n")
    run("ldns-verify-zone", "-t", time.strftime("%Y%m%d%H%M%S", time.gmtime(at)), place)


@pytest.mark.skipif(shutil.which("nsd") is None or shutil.which("ldns-verify-zone") is None, reason="no NSD or ldns here")
def test_never_bogus_before_it_gives_up(world, tmp_path):  # noqa: F811
    # Just before signatures are renewed they are as old as a secondary ever gets them.
    world.clock.set(HALF_LIFE - 2 * HOUR)
    lonely = Lonely(tmp_path / "nsd", ("127.0.0.1", 53), world.clock)
    try:
        lonely.start()
        for zone in ZONES:
            lonely.wait_serial(zone, world.dns(zone, "SOA").answer[0][0].serial)
        wait_for(lonely.is_written, 60, "the zones in files")
        expire = max(world.dns(zone, "SOA").answer[0][0].expire for zone in ZONES)
        assert HALF_LIFE // 2 < expire < HALF_LIFE
        lonely.stop()
        lonely.primary = ("127.0.0.1", free_port())
        cut = world.clock.now()
        lonely.start()
        for ahead in (*range(0, expire - 2 * HOUR, DAY // 2), expire - 2 * HOUR):
            world.clock.until(cut + ahead)
            for zone in ZONES:
                assert wait_for(lambda: lonely.state(zone), 60, "NSD") == "NOERROR", (zone, ahead)
                verify(lonely, zone, tmp_path / "zone", world.clock.now())
        for ahead in range(expire + HOUR, SILENCE + DAY, DAY):
            world.clock.until(cut + ahead)
            for zone in ZONES:
                wait_for(lambda: lonely.state(zone) == "SERVFAIL", 60, f"the end of {zone}")
    finally:
        lonely.stop()
