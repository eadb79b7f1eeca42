#!/usr/bin/env python3
"""The addresses of addresses.txt, by Python's hashlib and ipaddress: prints what the file must be."""
# SPDX-License-Identifier: MIT
import hashlib
import ipaddress

PREFIXES = ("fca1::/16", "fd42:d4::/32", "fdc9:281f:4d0::/44", "2001:db8:ab::/48", "fc00::/24")


def address(prefix, key, suite=0):
    net = ipaddress.IPv6Network(prefix)
    text = b"alamesh-addr-v1" + bytes([suite]) + net.network_address.packed + bytes([net.prefixlen]) + key
    digest = int.from_bytes(hashlib.blake2b(text, digest_size=32).digest(), "big")
    free = 128 - net.prefixlen - 4
    return ipaddress.IPv6Address(int(net.network_address) | (8 + suite) << free | digest & (1 << free) - 1)


def lines():
    yield "# key (Ed25519, hex), network prefix, address of suite 0; made by tests/vectors/mesh/addresses.py"
    for n in range(20):
        key = hashlib.sha256(b"mesh test key %d" % n).digest()
        for prefix in PREFIXES:
            yield f"{key.hex()} {prefix} {address(prefix, key)}"


if __name__ == "__main__":
    print("\n".join(lines()))
