/* SPDX-License-Identifier: MIT */
/*
 * conf.c -- alamo.conf: the schema table, and what a loaded configuration is asked.
 *
 * Any thread may read it; but keys that may change while a daemon runs (`live`) are for the thread that takes new ones.
 */
#include "conf_parts.h"

#include "alamo/base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define TEXT(s, k, preset, doc) { s, k, preset, 1, 0, NULL, NULL, doc, CONF_TEXT, false }
#define TEXT_OR_NONE(s, k, preset, doc) { s, k, preset, 0, 0, NULL, NULL, doc, CONF_TEXT, false }
#define CHOICE(s, k, preset, choices, doc) { s, k, preset, 0, 0, NULL, choices, doc, CONF_CHOICE, false }
#define ADDRS(s, k, preset, min, doc) { s, k, preset, min, 64, NULL, NULL, doc, CONF_ADDRS, false }
#define BOOL(s, k, preset, doc) { s, k, preset, 0, 0, NULL, NULL, doc, CONF_BOOL, false }
#define NUMBER(s, k, preset, min, max, doc) { s, k, preset, min, max, NULL, NULL, doc, CONF_NUMBER, false }
#define PORT(s, k, preset, standard, doc) { s, k, preset, 0, 65535, standard, NULL, doc, CONF_NUMBER, false }
/* These may change while the daemon runs: its reload() takes them. */
#define LIVE_TEXT(s, k, preset, doc) { s, k, preset, 1, 0, NULL, NULL, doc, CONF_TEXT, true }
#define LIVE_TEXT_OR_NONE(s, k, preset, doc) { s, k, preset, 0, 0, NULL, NULL, doc, CONF_TEXT, true }
#define LIVE_CHOICE(s, k, preset, choices, doc) { s, k, preset, 0, 0, NULL, choices, doc, CONF_CHOICE, true }
#define LIVE_NUMBER(s, k, preset, min, max, doc) { s, k, preset, min, max, NULL, NULL, doc, CONF_NUMBER, true }

#define DOC_LISTEN "addresses, comma-separated; empty: those of [network]"
#define DOC_CONNS "connections at the same time"
#define DOC_SOURCE "of these, from one IPv4 address or IPv6 /64"
#define DOC_IDLE "a connection that says nothing for so long is closed"

/* Order is the order of al_conf_print(); sections stand together. */
const struct conf_row conf_rows[] = {
	TEXT("network", "name", "alamo", "name of the network, for people"),
	ADDRS("network", "listen", "127.0.0.1, ::1", 1, "addresses of every daemon, comma-separated"),
	CHOICE("network", "ports", "default", "default|standard", "standard: 43, 53, 80 and 323 where no port is set"),

	TEXT("log", "stream", "run/log.sock", "where followers find the log: a socket's path or ADDRESS:PORT, or several, comma-separated, of which one answers"),
	TEXT("log", "key", "keys/log.pub", "public key of the log, pinned"),
	LIVE_NUMBER("log", "stale-seconds", "600", 1, 31536000, "nothing newer signed for so long: followers say that what they have may be old"),
	TEXT("log", "socket", "run/log.sock", "where the registry offers the log to local followers"),
	LIVE_CHOICE("log", "level", "info", "debug|info|warn|error", "least weight of a line on standard error"),

	TEXT("registry", "ledger", "ledger.db", "the ledger: the path of an SQLite file, or a database as postgresql://USER@HOST/NAME"),
	TEXT("registry", "log-key", "keys/log.key", "secret key that signs checkpoints"),
	TEXT_OR_NONE("registry", "witnesses", "", "policy with the witnesses that cosign (c2sp.org/tlog-policy); empty: none"),
	TEXT_OR_NONE("registry", "publish", "log", "directory of the published log, for any web server; empty: none"),
	ADDRS("registry", "listen", "", 0, DOC_LISTEN),
	PORT("registry", "request-port", "4343", NULL, "requests of members; 0: any port, as everywhere"),
	PORT("registry", "stream-port", "4344", NULL, "the log stream over TCP"),
	PORT("registry", "http-port", "4345", NULL, "POST /requests, the published log, and /metrics"),
	LIVE_NUMBER("registry", "stream-connections", "256", 1, 1000000, "followers over TCP; more are told to follow a mirror"),
	LIVE_NUMBER("registry", "stream-per-source", "64", 1, 1000000, "likewise from one IPv4 address or IPv6 /64"),
	NUMBER("registry", "stream-reads", "2", 1, 64, "reads of the ledger at once for followers that catch up"),
	LIVE_NUMBER("registry", "sign-seconds", "60", 1, 86400, "how often the newest checkpoint is dated anew"),
	LIVE_NUMBER("registry", "max-connections", "2048", 1, 1000000, DOC_CONNS),
	LIVE_NUMBER("registry", "max-per-source", "512", 1, 1000000, DOC_SOURCE),
	LIVE_NUMBER("registry", "idle-seconds", "30", 1, 86400, DOC_IDLE),
	LIVE_NUMBER("registry", "budget-source", "600", 0, 1000000, "requests a minute from one IPv4 address or IPv6 /64; 0: any"),
	LIVE_NUMBER("registry", "budget-network", "2400", 0, 1000000, "likewise from one IPv4 /24 or IPv6 /48; 0: any"),
	LIVE_NUMBER("registry", "budget-key", "600", 0, 1000000, "requests a minute signed by one key; 0: any"),
	LIVE_NUMBER("registry", "budget-maintainer", "600", 0, 1000000, "requests a minute in the name of one maintainer; 0: any"),
	NUMBER("registry", "queue-share", "50", 1, 10000, "requests of one source, key or maintainer that may wait for the hostmaster"),
	NUMBER("registry", "queue-days", "30", 0, 3650, "days that a request waits, then it is refused; 0: for ever"),
	LIVE_NUMBER("registry", "clock-jump-seconds", "3600", 0, 315360000, "by so much the system's clock may jump ahead; further, and nothing is stored; 0: any"),
	LIVE_NUMBER("registry", "min-free-disk", "64", 0, 1000000000, "MiB that stay free: with less nothing more is stored; 0: any"),
	LIVE_NUMBER("registry", "max-memory", "4096", 0, 1000000000, "MiB of the registry: with more nothing more is stored; 0: any"),

	ADDRS("whois", "listen", "", 0, DOC_LISTEN),
	PORT("whois", "port", "4043", "43", "WHOIS"),
	PORT("whois", "http-port", "4080", "80", "RDAP, the explorer, and /metrics"),
	LIVE_TEXT_OR_NONE("whois", "rdap-url", "", "URL of the HTTP service in RDAP's links, ending in /; empty: as the client says it"),
	LIVE_TEXT_OR_NONE("whois", "registry-url", "", "URL of the registry's HTTP service as browsers reach it, for /join; empty: [registry] http-port at the host of the page"),
	NUMBER("whois", "workers", "0", 0, 256, "threads that answer on the whois port; 0: one a core"),
	LIVE_NUMBER("whois", "max-connections", "4096", 1, 1000000, DOC_CONNS),
	LIVE_NUMBER("whois", "max-per-source", "512", 1, 1000000, DOC_SOURCE),
	LIVE_NUMBER("whois", "idle-seconds", "60", 1, 86400, DOC_IDLE),
	TEXT("whois", "nrtm4-keys", "keys/nrtm4", "directory of the keys that NRTMv4 is signed with: current.pem, made when missing, and next.pem"),
	BOOL("whois", "history", "yes", "keep every version of every object, in a file below run/ that has no name"),
	NUMBER("whois", "past-versions", "200000", 0, UINT32_MAX, "versions that are read for one question about the past; 0: as many as there are"),

	ADDRS("dns", "listen", "", 0, DOC_LISTEN),
	PORT("dns", "port", "4053", "53", "DNS over UDP and TCP"),
	PORT("dns", "http-port", "4054", NULL, "/metrics"),
	TEXT("dns", "keys", "keys/dns", "directory of the zones' keys"),
	TEXT_OR_NONE("dns", "tsig-keys", "", "file of keys for transfers, a line ALGORITHM:NAME:SECRET each; empty: none"),
	LIVE_TEXT("dns", "allow-transfer", "any", "who may take whole zones: any, none, prefixes, key:NAME, comma-separated"),
	TEXT_OR_NONE("dns", "notify", "", "secondaries that are told of changes: ADDRESS or ADDRESS:PORT, comma-separated; empty: none"),
	TEXT_OR_NONE("dns", "notify-key", "", "name of the key of tsig-keys that signs what they are told; empty: none"),
	TEXT_OR_NONE("dns", "nsid", "", "what tells this server from others of its address (RFC 5001); empty: the host's name"),
	LIVE_NUMBER("dns", "responses-per-second", "200", 0, 1000000, "like answers over UDP to one IPv4 /24 or IPv6 /56; 0: any number"),
	NUMBER("dns", "workers", "0", 0, 256, "threads that answer; 0: one a core"),
	TEXT_OR_NONE("dns", "xdp", "", "network devices whose questions come past the kernel's stack (AF_XDP), comma-separated; empty: none"),
	NUMBER("dns", "signature-days", "14", 2, 365, "validity of signatures"),
	NUMBER("dns", "zonemd-names", "1000", 0, 10000000, "zones of up to so many names carry a digest (RFC 8976); each change hashes all"),
	TEXT_OR_NONE("dns", "origin-zone", "", "zone of origin look-ups, below a top-level domain under a reserved name, as asn.alamo; empty: none"),
	LIVE_NUMBER("dns", "max-connections", "1024", 1, 1000000, DOC_CONNS),
	LIVE_NUMBER("dns", "max-per-source", "128", 1, 1000000, DOC_SOURCE),
	LIVE_NUMBER("dns", "idle-seconds", "20", 1, 86400, DOC_IDLE),

	ADDRS("rpki", "listen", "", 0, DOC_LISTEN),
	PORT("rpki", "port", "4323", "323", "RPKI-to-Router protocol"),
	PORT("rpki", "http-port", "4324", NULL, "route-origin sets, and /metrics"),
	PORT("rpki", "tls-port", "4325", "324", "the same protocol over TLS, when there is a tls-certificate"),
	TEXT_OR_NONE("rpki", "tls-certificate", "", "PEM file: the certificate of this cache, and what leads to its authority; empty: no TLS. Read again by a reload, as the two below"),
	TEXT_OR_NONE("rpki", "tls-key", "", "PEM file: its key, without a passphrase"),
	TEXT_OR_NONE("rpki", "tls-client-ca", "", "PEM file: authorities of routers' certificates, and revocation lists; empty: every router is let in"),
	LIVE_NUMBER("rpki", "max-connections", "1024", 1, 1000000, DOC_CONNS),
	LIVE_NUMBER("rpki", "max-per-source", "64", 1, 1000000, DOC_SOURCE),
	LIVE_NUMBER("rpki", "notify-seconds", "2", 0, 3600, "least time between two Serial Notify to a router; RFC 8210 asks for 60"),
	NUMBER("rpki", "rtr-version", "2", 1, 2, "highest version of RTR that is offered; 2 has ASPAs, for routers that ask for it"),
	NUMBER("rpki", "history", "256", 1, 65536, "deltas kept; routers further behind get the whole set"),
	LIVE_NUMBER("rpki", "stale-seconds", "86400", 1, 31536000, "nothing newer signed for so long: no route origins are served"),
	LIVE_NUMBER("rpki", "refresh", "300", 1, 86400, "seconds, as routers are told (RFC 8210 section 6)"),
	LIVE_NUMBER("rpki", "retry", "30", 1, 7200, "likewise"),
	LIVE_NUMBER("rpki", "expire", "172800", 600, 172800, "likewise; longer than the two above"),
	TEXT_OR_NONE("rpki", "source", "", "folder of `alamo roa fetch`: what is verified there is served, and no log is followed"),
	LIVE_NUMBER("rpki", "brake-percent", "25", 1, 100, "a step that takes more of all routes away is held back; 100: none is"),
	LIVE_NUMBER("rpki", "brake-seconds", "3600", 0, 31536000, "after so long it goes out by itself; 0: when `alamo roa release` says so"),
	TEXT("rpki", "key", "keys/roa.key", "secret key that signs route origins; no such file: they are not signed"),
	TEXT("rpki", "key-note", "keys/roa.note", "what the log's key says about it"),
	LIVE_NUMBER("rpki", "signed-seconds", "86400", 600, 31536000, "how long what was signed may be used"),
};
/* clang-format on */

const size_t conf_rows_count = AL_COUNT(conf_rows);

/* ---- life ---- */

struct al_conf *conf_new(void)
{
	return calloc(1, sizeof(struct al_conf) + conf_rows_count * sizeof(struct conf_value));
}

void al_conf_free(struct al_conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf_rows_count; i++)
		free(conf->values[i].text);
	free(conf);
}

/* ---- asking ---- */

const struct conf_row *conf_row_find(const char *section, const char *key)
{
	for (size_t i = 0; i < conf_rows_count; i++)
		if (strcmp(conf_rows[i].section, section) == 0 && strcmp(conf_rows[i].key, key) == 0)
			return &conf_rows[i];
	return NULL;
}

static const struct conf_value *value_of(const struct al_conf *conf, const char *section, const char *key)
{
	const struct conf_row *row = conf_row_find(section, key);
	assert(row != NULL);
	return &conf->values[row - conf_rows];
}

const char *al_conf_str(const struct al_conf *conf, const char *section, const char *key)
{
	return value_of(conf, section, key)->text;
}

uint64_t al_conf_u64(const struct al_conf *conf, const char *section, const char *key)
{
	return value_of(conf, section, key)->number;
}

bool al_conf_bool(const struct al_conf *conf, const char *section, const char *key)
{
	return value_of(conf, section, key)->number != 0;
}

/* `ports = standard` was already taken into account when the presets were filled in. */
uint16_t al_conf_port(const struct al_conf *conf, const char *section, const char *key)
{
	return (uint16_t)al_conf_u64(conf, section, key);
}

bool al_conf_next(struct al_slice *rest, struct al_slice *value)
{
	while (rest->len > 0) {
		struct al_slice item;
		al_slice_cut(rest, ',', &item);
		item = al_slice_trim(item);
		if (item.len == 0)
			continue;
		*value = item;
		return true;
	}
	return false;
}

enum al_err al_conf_path(const struct al_conf *conf, const char *relative, char *out, size_t cap)
{
	int len = relative[0] == '/' ? snprintf(out, cap, "%s", relative)
				     : snprintf(out, cap, "%s/%s", conf->dir, relative);
	return len >= 0 && (size_t)len < cap ? AL_OK : AL_ELIMIT;
}

void al_conf_print(const struct al_conf *conf, struct al_buf *out)
{
	const char *section = "";
	for (size_t i = 0; i < conf_rows_count; i++) {
		const struct conf_row *row = &conf_rows[i];
		if (strcmp(section, row->section) != 0)
			al_buf_printf(out, "%s[%s]\n", i > 0 ? "\n" : "", row->section);
		section = row->section;
		al_buf_printf(out, "# %s", row->doc);
		if (row->choices != NULL)
			al_buf_printf(out, " (%s)", row->choices);
		al_buf_printf(out, "%s\n%s =%s%s\n", row->live ? " [reload]" : "", row->key,
			      conf->values[i].text[0] != '\0' ? " " : "", conf->values[i].text);
	}
}

/* ---- two of them ---- */

void al_conf_differ(const struct al_conf *conf, const struct al_conf *next, al_conf_differ_fn fn, void *arg)
{
	for (size_t i = 0; i < conf_rows_count; i++) {
		const struct conf_row *row = &conf_rows[i];

		if (strcmp(conf->values[i].text, next->values[i].text) != 0)
			fn(arg, row->section, row->key, next->values[i].text, row->live);
	}
}

void al_conf_take(struct al_conf *conf, struct al_conf *next)
{
	for (size_t i = 0; i < conf_rows_count; i++) {
		struct conf_value old = conf->values[i];

		if (!conf_rows[i].live)
			continue;
		conf->values[i] = next->values[i];
		next->values[i] = old;
	}
}
