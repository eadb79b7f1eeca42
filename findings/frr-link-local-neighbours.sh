#!/usr/bin/env bash
# FRR 8.4.4 and BIRD 2.0.12: two peers that chose the same link-local address, each behind a tunnel of its own.
#
# Guess, written first: an address of link-local scope means something only with its interface (RFC 4007 section 6), so both
# daemons can have a session with fe80::1 on wg1 and another with fe80::1 on wg2. In BIRD: `neighbor fe80::1%wg1 as ...` in two
# protocols; in FRR: `neighbor fe80::1 remote-as ...` and `neighbor fe80::1 interface ...`, twice.
#
# Seen: BIRD has two protocols. FRR has one neighbour: the second pair of lines changes the AS number and the interface of the
# first, without a word and with exit code 0; the first peer is gone. An address is a neighbour's whole name to bgpd, and the
# interface an attribute of it.
#
# Consequence: in networks where people pick fe80::1 by themselves, a generator for FRR has to give each tunnel its own link-local
# address at the other end (both ends can compute it), or name neighbours by their interface (`neighbor wg1 interface remote-as`),
# which needs router advertisements on the tunnel.
#
#     findings/frr-link-local-neighbours.sh       exit 1: it is no longer so
#
# All neighbours are shut down, and nothing listens but sockets in the temporary folder.
# SPDX-License-Identifier: MIT
set -uo pipefail

dir=$(mktemp -d)
frr=
trap '[ -z "$frr" ] || kill "$frr" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 2

packages=(frr=8.4.4-1.1~deb12u2 libyang2=2.1.30-2 libjson-c5=0.16-2 libpcre2-8-0=10.42-1 libreadline8=8.2-1.3 libc-ares2=1.18.1-3
	bird2=2.0.12-7 libssh-gcrypt-4=0.10.6-0+deb12u1)
for package in "${packages[@]}"; do
	apt-get download "$package" >/dev/null 2>"$dir/apt.log" || apt-get download "${package%%=*}" >/dev/null 2>>"$dir/apt.log" ||
		{ cat "$dir/apt.log"; exit 2; }
done
for package in *.deb; do dpkg -x "$package" root; done
for package in frr bird2; do dpkg-deb -f "$package"_*.deb Package Version | paste -sd' '; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu:$dir/root/usr/lib/x86_64-linux-gnu/frr
mkdir run
: >vtysh.conf

cat >frr.conf <<'C'
router bgp 64500
 bgp router-id 192.0.2.1
 neighbor fe80::1 remote-as 64501
 neighbor fe80::1 interface wg1
 neighbor fe80::1 shutdown
 neighbor fe80::1 remote-as 64502
 neighbor fe80::1 interface wg2
 neighbor fe80::1 shutdown
C
: >empty.conf
root/usr/lib/frr/bgpd -n -Z -S -p 0 -l 127.0.0.1 -f "$dir/empty.conf" --vty_socket "$dir/run" -i "$dir/run/pid" >bgpd.log 2>&1 &
frr=$!
for _ in $(seq 50); do [ -S run/bgpd.vty ] && break; sleep 0.1; done
vtysh() { root/usr/bin/vtysh --vty_socket "$dir/run" --config_dir "$dir" "$@" 2>&1; }
said=$(vtysh -f frr.conf) code=$?
neighbours=$(vtysh -c 'show running-config' | sed -n 's/^ neighbor fe80::1 \(remote-as\|interface\)/\1/p' | paste -sd,)
echo "FRR:  exit $code, said: ${said:-nothing}; neighbours: $neighbours"

cat >bird.conf <<'C'
router id 192.0.2.1;
protocol device { }
protocol bgp one { disabled; local as 64500; neighbor fe80::1%wg1 as 64501; ipv6 { import none; export none; }; }
protocol bgp two { disabled; local as 64500; neighbor fe80::1%wg2 as 64502; ipv6 { import none; export none; }; }
C
root/usr/sbin/bird -p -c bird.conf >bird.log 2>&1
bird=$?
echo "BIRD: exit $bird, said: $(cat bird.log)"
[ "$code" = 0 ] && [ -z "$said" ] && [ "$neighbours" = "remote-as 64502,interface wg2" ] && [ "$bird" = 0 ] && [ ! -s bird.log ]
