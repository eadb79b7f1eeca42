#!/usr/bin/env bash
# FRR 8.4.4: a blank behind "|" in an as-path expression, where vtysh reads the file instead of bgpd.
#
# Guess, written first: `bgp as-path access-list A permit ^64500( 64501| 64502)*$` is one line of configuration to whoever
# reads it. bgpd takes it from its own file, so `vtysh -C -f` finds nothing wrong with it, and `vtysh -f` loads it as well, or
# fails with an exit code that is not 0.
#
# Seen: bgpd's own file loads it. `vtysh -C -f` says nothing and ends with 0. `vtysh -f` says "% Unknown action", leaves the
# line out, and ends with 0 as well: "| " is the pipe of its command line (show ... | include ...), in files too. Without the
# blank, `(64501|64502)`, all three agree.
#
# Consequence: who loads generated filters by `vtysh -f`, checked by `-C` and by exit codes, can run without some of them. Write
# alternatives as entries of their own, or read the running configuration back.
#
#     findings/frr-vtysh-alternatives.sh       exit 1: it is no longer so
#
# Nothing listens but a socket in the temporary folder.
# SPDX-License-Identifier: MIT
set -uo pipefail

dir=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || kill "$daemon" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 2

packages=(frr=8.4.4-1.1~deb12u2 libyang2=2.1.30-2 libjson-c5=0.16-2 libpcre2-8-0=10.42-1 libreadline8=8.2-1.3 libc-ares2=1.18.1-3)
for package in "${packages[@]}"; do
	apt-get download "$package" >/dev/null 2>"$dir/apt.log" || apt-get download "${package%%=*}" >/dev/null 2>>"$dir/apt.log" ||
		{ cat "$dir/apt.log"; exit 2; }
done
for package in *.deb; do dpkg -x "$package" root; done
dpkg-deb -f frr_*.deb Package Version
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu:$dir/root/usr/lib/x86_64-linux-gnu/frr
mkdir run
: >vtysh.conf

begin() {   # bgpd's own file
	rm -f run/*
	root/usr/lib/frr/bgpd -n -Z -S -p 0 -l 127.0.0.1 -f "$dir/$1" --vty_socket "$dir/run" -i "$dir/run/pid" >bgpd.log 2>&1 &
	daemon=$!
	for _ in $(seq 50); do [ -S run/bgpd.vty ] && return; sleep 0.1; done
	cat bgpd.log
	exit 2
}
end() { kill "$daemon"; wait "$daemon" 2>/dev/null; daemon=; }
vtysh() { root/usr/bin/vtysh --vty_socket "$dir/run" --config_dir "$dir" "$@" 2>&1; }
lists() { vtysh -c 'show running-config' | grep '^bgp as-path' | tr '\n' ';'; }

blank='bgp as-path access-list A seq 5 permit ^64500( 64501| 64502)*$'
none='bgp as-path access-list B seq 5 permit _(64501|64502)$'
printf '%s\n' "$blank" "$none" >own.conf
: >empty.conf

begin own.conf
own=$(lists)
end
begin empty.conf
check=$(vtysh -C -f own.conf) check_code=$?
said=$(vtysh -f own.conf) code=$?
loaded=$(lists)
end

echo "bgpd's own file:  $own"
echo "vtysh -C -f:      exit $check_code, said: ${check:-nothing}"
echo "vtysh -f:         exit $code, said: $(tr '\n' ' ' <<<"$said")"
echo "and then:         $loaded"
[ "$own" = "$blank;$none;" ] && [ "$check_code" = 0 ] && [ -z "$check" ] && [ "$code" = 0 ] && [ "$loaded" = "$none;" ] &&
	grep -q 'Unknown action' <<<"$said"
