# SPDX-License-Identifier: MIT
"""Where an answer of NSD or Knot may differ from ours, and why: test_dns_differential.py takes no other difference."""

import dns.name
import dns.rdatatype

ZONES = ("1.a.c.f.ip6.arpa.", "alamo.", ".")
ALIASES_MOST = 17
KNOT_ALIASES_MOST = 5


def zone_of(name):
    name = name.lower()
    return next(zone for zone in ZONES if name == zone or name.endswith("." + zone) or zone == ".")


def aliases(answer):
    """owner -> target"""
    words = [line.split() for line in answer]
    return {line[0]: line[3] for line in words if line[2] == "CNAME"}


def end_of(question, answer):
    """The name at which the aliases of an answer end."""
    way, name, seen = aliases(answer), str(question.question[0].name).lower(), set()
    while name in way and name not in seen:
        seen.add(name)
        name = way[name]
    return name


def is_led(answer):
    return any(line.split()[2] == "DNAME" for line in answer)


def leaves_zone(question, our, their):
    start, end = str(question.question[0].name), end_of(question, our.answer)
    more = our.answer <= their.answer and (our.authority <= their.authority or is_led(our.answer))
    return more and aliases(our.answer) and zone_of(start) != zone_of(end)


def ds_of_apex(question, our, their):
    """DS of an apex is the zone's above it."""
    return is_type(question, "DS") and aliases(our.answer) and end_of(question, our.answer) in ZONES and our.answer <= their.answer


def long_chain(question, our, their):
    return len(aliases(our.answer)) == ALIASES_MOST and our.answer <= their.answer


def short_chain(question, our, their):
    return len(aliases(their.answer)) == KNOT_ALIASES_MOST and their.answer <= our.answer


def is_type(question, *kinds):
    return dns.rdatatype.to_text(question.question[0].rdtype) in kinds


def any_type(question, our, their):
    return is_type(question, "ANY") and our.answer and their.answer and our.rcode == their.rcode


def nsec_of_wildcard(question, our, their):
    names = {str(question.question[0].name).lower(), *aliases(our.answer).values()}
    made = [line for line in their.answer if line.split()[0] in names and line.split()[2] == "NSEC"]
    return is_type(question, "NSEC") and made and not our.answer & set(made)


def covers(line, name):
    """Does this NSEC say that there is no such name?"""
    owner, _, kind, behind = line.split()[:4]
    if kind != "NSEC":
        return False
    owner, name, behind = (dns.name.from_text(text) for text in (owner, name, behind))
    return owner < name and (name < behind or str(behind) in ZONES)


def proof_behind_dname(question, our, their):
    """Ours has the proof that the name to which the DNAME leads is not there; the rest is the same."""
    def rest(authority):
        return {line for line in authority if " NSEC " not in line}

    same = (our.rcode, our.aa, our.answer, rest(our.authority)) == (their.rcode, their.aa, their.answer, rest(their.authority))
    return same and is_led(our.answer) and any(covers(line, end_of(question, our.answer)) for line in our.authority)


def star_asked(question, our, their):
    """What is missing there is the proof that the very name does not exist."""
    star = any(name.startswith("*.") for name in [str(question.question[0].name), *aliases(our.answer).values()])
    return star and (our.rcode, our.answer) == (their.rcode, their.answer) and their.authority <= our.authority


def addresses_of_targets(question, our, their):
    same = (our.rcode, our.aa, our.answer, our.authority) == (their.rcode, their.aa, their.answer, their.authority)
    return same and is_type(question, "MX", "SRV") and our.additional < their.additional


def rrsig_type(question, our, their):
    return is_type(question, "RRSIG") and our.answer and our.answer <= their.answer


def sibling_glue(question, our, their):
    same = (our.rcode, our.aa, our.answer, our.authority) == (their.rcode, their.aa, their.answer, their.authority)
    return same and aliases(our.answer) and our.additional < their.additional


def too_long(question, our, their):
    return (our.rcode, their.rcode, our.answer) == ("YXDOMAIN", "NXDOMAIN", their.answer) and is_led(our.answer)


BOTH = ("Nsd", "Knot")

# (which peers, what it is, does it fit)
DIFFERENCES = (
    ("Nsd", "goes on behind an alias into another zone that it serves; we, as Knot, leave that to the resolver", leaves_zone),
    ("Nsd", "likewise when the alias leads to an apex and the question is for DS", ds_of_apex),
    ("Nsd", "follows a chain of aliases to its end; we stop after 17", long_chain),
    ("Knot", "stops after 5 aliases", short_chain),
    (BOTH, "addresses of servers in other delegations go along behind an alias too; RFC 9471 lets us leave them out", sibling_glue),
    ("Nsd", "answers RRSIG with the signatures of all RRsets; we with those of one", rrsig_type),
    (BOTH, "answers ANY with another RRset than we (RFC 8482 section 4.1)", any_type),
    (BOTH, "makes an NSEC for a name that a wildcard answers; it would deny names that exist", nsec_of_wildcard),
    ("Nsd", "proves behind a DNAME by the NSEC before the closest encloser, which says nothing of the name", proof_behind_dname),
    ("Knot", "NXDOMAIN where the name to which a DNAME leads would be too long; it is YXDOMAIN (RFC 6672 section 2.2)", too_long),
    ("Knot", "leaves out a proof when the name asked, or an alias's target, begins with '*'", star_asked),
    ("Knot", "adds the addresses of MX and SRV targets", addresses_of_targets),
)


def explain(peer, question, our, their):
    return next((why for who, why, fits in DIFFERENCES if peer in who and fits(question, our, their)), None)
