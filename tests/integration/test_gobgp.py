# SPDX-License-Identifier: MIT
"""GoBGP speaks RTR version 0, takes withdrawals at once and announcements at the end: it is never without a record."""

import re
import urllib.request

from conftest import running
from harness import Key, attributes, wait_for
from router_makes import GoBgp


def metric(authority, name):
    host, port = authority.endpoints["roas"]
    with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=30) as answer:
        return int(re.search(rf"^{re.escape(name)} (\d+)$", answer.read().decode(), re.M)[1])


def test_a_record_that_is_replaced(tmp_path, children):
    with running(tmp_path / "dir", conf={"rpki": {"notify_seconds": 3600}}) as authority:
        key = Key(tmp_path / "member")
        made = authority.member(key, name="FISHER")
        prefix, asn = made.key("inet6num"), int(made.key("aut-num")[2:])
        wait_for(lambda: (prefix, 48, asn) in authority.vrps(), what="the route")
        before_it, after_it = authority.vrps(), authority.vrps() - {(prefix, 48, asn)} | {(prefix, 56, asn)}
        # From here on GoBGP is the only router: one of the test's own would be notified and counted, too.
        gobgp = GoBgp(children, tmp_path, authority.endpoints["rtr"])
        wait_for(lambda: gobgp.table() == before_it, timeout=60, what="the table in GoBGP")
        # The same prefix and AS with another length: one record comes, one goes, in one difference.
        before = metric(authority, 'alamo_rpki_rtr_answers_total{kind="delta"}')
        notified = metric(authority, "alamo_rpki_rtr_notifies_total")    # maybe a router of the test's own, before
        text = authority.shown("route6", made.key("route6"))
        authority.accept([text + attributes([("max-length", "56")])], [key], prev=authority.prev("route6", made.key("route6")))
        wait_for(lambda: gobgp.table() == after_it, timeout=60, what="the change in GoBGP")
        # In two answers, though nobody is notified more often than once an hour.
        assert metric(authority, 'alamo_rpki_rtr_answers_total{kind="delta"}') == before + 2
        assert metric(authority, "alamo_rpki_rtr_notifies_total") == notified + 2


def test_counters_count(tmp_path):
    """Each kind of answer, each error, each refusal of a router is counted as what it is."""
    with running(tmp_path / "dir", conf={"rpki": {"notify_seconds": 0}}) as authority:
        def counts():
            kinds = ("full", "delta", "empty", "cache-reset", "error")
            return [metric(authority, f'alamo_rpki_rtr_answers_total{{kind="{kind}"}}') for kind in kinds]

        assert counts() == [0, 0, 0, 0, 0]
        router = authority.rtr()
        router.reset()
        assert counts() == [1, 0, 0, 0, 0]
        router.refresh()
        assert counts() == [1, 0, 1, 0, 0]
        prefix = authority.member(Key(tmp_path / "member"), name="FISHER").key("inet6num")
        wait_for(lambda: metric(authority, "alamo_rpki_rtr_notifies_total") == 1, what="the Notify")
        assert any(row[0] == prefix for row in router.refresh())
        assert counts() == [1, 1, 1, 0, 0]
        router.serial += 100
        router.refresh()    # Cache Reset, then everything
        assert counts() == [2, 1, 1, 1, 0]
        router.sock.sendall(bytes([1, 77, 0, 0, 0, 0, 0, 8]))
        assert router.read_pdu()[1] == 10
        assert counts() == [2, 1, 1, 1, 1]
        other = authority.rtr()
        other.sock.sendall(bytes([1, 10, 0, 6, 0, 0, 0, 16]) + bytes(8))
        wait_for(lambda: metric(authority, "alamo_rpki_rtr_error_reports_total") == 1, what="the report")
        other.close()
        router.close()
        assert metric(authority, "alamo_rpki_serial") == 2
        assert metric(authority, 'alamo_rpki_vrps{family="ipv6"}') == len(authority.vrps())
