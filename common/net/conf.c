/* SPDX-License-Identifier: MIT */
/*
 * conf.c -- alamo.conf: the schema table, and an ini file checked against it.
 *
 * inih splits lines; the reader that feeds it counts them, so that every
 * complaint has its line. Values are checked when they are read; a loaded
 * configuration is immutable and may be read by any thread.
 */
#include "alamo/net/conf.h"

#include "alamo/base/buf.h"
#include "alamo/base/ident.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_LEN 160
#define FILE_LINES_MAX 10000

enum conf_type {
	CONF_TEXT,   /* at least `min` bytes */
	CONF_CHOICE, /* one of `choices` */
	CONF_ADDRS,  /* comma list of addresses, at least `min` */
	CONF_NUMBER, /* decimal, min..max */
	CONF_BOOL,   /* yes or no */
};

struct conf_row {
	const char *section;
	const char *key;
	enum conf_type type;
	const char *preset;
	uint64_t min;
	uint64_t max;
	const char *standard; /* preset under `[network] ports = standard`, or NULL */
	const char *choices;  /* "a|b" */
	const char *doc;
};

/* clang-format off */
#define TEXT(s, k, preset, doc) { s, k, CONF_TEXT, preset, 1, 0, NULL, NULL, doc }
#define TEXT_OR_NONE(s, k, preset, doc) { s, k, CONF_TEXT, preset, 0, 0, NULL, NULL, doc }
#define CHOICE(s, k, preset, choices, doc) { s, k, CONF_CHOICE, preset, 0, 0, NULL, choices, doc }
#define ADDRS(s, k, preset, min, doc) { s, k, CONF_ADDRS, preset, min, 64, NULL, NULL, doc }
#define BOOL(s, k, preset, doc) { s, k, CONF_BOOL, preset, 0, 0, NULL, NULL, doc }
#define NUMBER(s, k, preset, min, max, doc) { s, k, CONF_NUMBER, preset, min, max, NULL, NULL, doc }
#define PORT(s, k, preset, standard, doc) { s, k, CONF_NUMBER, preset, 0, 65535, standard, NULL, doc }

#define DOC_LISTEN "addresses, comma-separated; empty: those of [network]"
#define DOC_CONNS "connections at the same time"
#define DOC_SOURCE "of these, from one IPv4 address or IPv6 /64"
#define DOC_IDLE "a connection that says nothing for so long is closed"

/* Order is the order of al_conf_print(); sections stand together. */
static const struct conf_row schema[] = {
	TEXT("network", "name", "alamo", "name of the network, for people"),
	ADDRS("network", "listen", "127.0.0.1, ::1", 1, "addresses of every daemon, comma-separated"),
	CHOICE("network", "ports", "default", "default|standard", "standard: 43, 53, 80 and 323 where no port is set"),

	TEXT("log", "stream", "run/log.sock", "where followers find the log: a socket's path or ADDRESS:PORT, or several, comma-separated, of which one answers"),
	TEXT("log", "key", "keys/log.pub", "public key of the log, pinned"),
	NUMBER("log", "stale-seconds", "600", 1, 31536000, "nothing newer signed for so long: followers say that what they have may be old"),
	TEXT("log", "socket", "run/log.sock", "where the registry offers the log to local followers"),
	CHOICE("log", "level", "info", "debug|info|warn|error", "least weight of a line on standard error"),

	TEXT("registry", "ledger", "ledger.db", "the ledger: the path of an SQLite file, or a database as postgresql://USER@HOST/NAME"),
	TEXT("registry", "log-key", "keys/log.key", "secret key that signs checkpoints"),
	TEXT_OR_NONE("registry", "witnesses", "", "policy with the witnesses that cosign (c2sp.org/tlog-policy); empty: none"),
	TEXT_OR_NONE("registry", "publish", "log", "directory of the published log, for any web server; empty: none"),
	ADDRS("registry", "listen", "", 0, DOC_LISTEN),
	PORT("registry", "request-port", "4343", NULL, "requests of members; 0: any port, as everywhere"),
	PORT("registry", "stream-port", "4344", NULL, "the log stream over TCP"),
	PORT("registry", "http-port", "4345", NULL, "POST /requests, the published log, and /metrics"),
	NUMBER("registry", "stream-connections", "256", 1, 1000000, "followers over TCP; more are told to follow a mirror"),
	NUMBER("registry", "stream-per-source", "64", 1, 1000000, "likewise from one IPv4 address or IPv6 /64"),
	NUMBER("registry", "stream-reads", "2", 1, 64, "reads of the ledger at once for followers that catch up"),
	NUMBER("registry", "sign-seconds", "60", 1, 86400, "how often the newest checkpoint is dated anew"),
	NUMBER("registry", "max-connections", "2048", 1, 1000000, DOC_CONNS),
	NUMBER("registry", "max-per-source", "512", 1, 1000000, DOC_SOURCE),
	NUMBER("registry", "idle-seconds", "30", 1, 86400, DOC_IDLE),
	NUMBER("registry", "budget-source", "600", 0, 1000000, "requests a minute from one IPv4 address or IPv6 /64; 0: any"),
	NUMBER("registry", "budget-network", "2400", 0, 1000000, "likewise from one IPv4 /24 or IPv6 /48; 0: any"),
	NUMBER("registry", "budget-key", "600", 0, 1000000, "requests a minute signed by one key; 0: any"),
	NUMBER("registry", "budget-maintainer", "600", 0, 1000000, "requests a minute in the name of one maintainer; 0: any"),
	NUMBER("registry", "queue-share", "50", 1, 10000, "requests of one source, key or maintainer that may wait for the hostmaster"),
	NUMBER("registry", "queue-days", "30", 0, 3650, "days that a request waits, then it is refused; 0: for ever"),
	NUMBER("registry", "min-free-disk", "64", 0, 1000000000, "MiB that stay free: with less nothing more is stored; 0: any"),
	NUMBER("registry", "max-memory", "4096", 0, 1000000000, "MiB of the registry: with more nothing more is stored; 0: any"),

	ADDRS("whois", "listen", "", 0, DOC_LISTEN),
	PORT("whois", "port", "4043", "43", "WHOIS"),
	PORT("whois", "http-port", "4080", "80", "RDAP, the explorer, and /metrics"),
	TEXT_OR_NONE("whois", "rdap-url", "", "URL of the HTTP service in RDAP's links, ending in /; empty: as the client says it"),
	TEXT_OR_NONE("whois", "registry-url", "", "URL of the registry's HTTP service as browsers reach it, for /join; empty: [registry] http-port at the host of the page"),
	NUMBER("whois", "max-connections", "4096", 1, 1000000, DOC_CONNS),
	NUMBER("whois", "max-per-source", "512", 1, 1000000, DOC_SOURCE),
	NUMBER("whois", "idle-seconds", "60", 1, 86400, DOC_IDLE),
	TEXT("whois", "nrtm4-keys", "keys/nrtm4", "directory of the keys that NRTMv4 is signed with: current.pem, made when missing, and next.pem"),
	BOOL("whois", "history", "yes", "keep every version of every object, in a file below run/ that has no name"),
	NUMBER("whois", "past-versions", "200000", 0, UINT32_MAX, "versions that are read for one question about the past; 0: as many as there are"),

	ADDRS("dns", "listen", "", 0, DOC_LISTEN),
	PORT("dns", "port", "4053", "53", "DNS over UDP and TCP"),
	PORT("dns", "http-port", "4054", NULL, "/metrics"),
	TEXT("dns", "keys", "keys/dns", "directory of the zones' keys"),
	TEXT_OR_NONE("dns", "tsig-keys", "", "file of keys for transfers, a line ALGORITHM:NAME:SECRET each; empty: none"),
	TEXT("dns", "allow-transfer", "any", "who may take whole zones: any, none, prefixes, key:NAME, comma-separated"),
	TEXT_OR_NONE("dns", "notify", "", "secondaries that are told of changes: ADDRESS or ADDRESS:PORT, comma-separated; empty: none"),
	TEXT_OR_NONE("dns", "notify-key", "", "name of the key of tsig-keys that signs what they are told; empty: none"),
	TEXT_OR_NONE("dns", "nsid", "", "what tells this server from others of its address (RFC 5001); empty: the host's name"),
	NUMBER("dns", "responses-per-second", "200", 0, 1000000, "like answers over UDP to one IPv4 /24 or IPv6 /56; 0: any number"),
	NUMBER("dns", "workers", "0", 0, 256, "threads that answer; 0: one a core"),
	NUMBER("dns", "signature-days", "14", 2, 365, "validity of signatures"),
	NUMBER("dns", "zonemd-names", "1000", 0, 10000000, "zones of up to so many names carry a digest (RFC 8976); each change hashes all"),
	NUMBER("dns", "max-connections", "1024", 1, 1000000, DOC_CONNS),
	NUMBER("dns", "max-per-source", "128", 1, 1000000, DOC_SOURCE),
	NUMBER("dns", "idle-seconds", "20", 1, 86400, DOC_IDLE),

	ADDRS("rpki", "listen", "", 0, DOC_LISTEN),
	PORT("rpki", "port", "4323", "323", "RPKI-to-Router protocol"),
	PORT("rpki", "http-port", "4324", NULL, "route-origin sets, and /metrics"),
	NUMBER("rpki", "max-connections", "1024", 1, 1000000, DOC_CONNS),
	NUMBER("rpki", "max-per-source", "64", 1, 1000000, DOC_SOURCE),
	NUMBER("rpki", "notify-seconds", "2", 0, 3600, "least time between two Serial Notify to a router; RFC 8210 asks for 60"),
	NUMBER("rpki", "rtr-version", "2", 1, 2, "highest version of RTR that is offered; 2 has ASPAs, for routers that ask for it"),
	NUMBER("rpki", "history", "256", 1, 65536, "deltas kept; routers further behind get the whole set"),
	NUMBER("rpki", "stale-seconds", "86400", 1, 31536000, "nothing newer signed for so long: no route origins are served"),
	NUMBER("rpki", "refresh", "300", 1, 86400, "seconds, as routers are told (RFC 8210 section 6)"),
	NUMBER("rpki", "retry", "30", 1, 7200, "likewise"),
	NUMBER("rpki", "expire", "172800", 600, 172800, "likewise; longer than the two above"),
	TEXT_OR_NONE("rpki", "source", "", "folder of `alamo roa fetch`: what is verified there is served, and no log is followed"),
	NUMBER("rpki", "brake-percent", "25", 1, 100, "a step that takes more of all routes away is held back; 100: none is"),
	NUMBER("rpki", "brake-seconds", "3600", 0, 31536000, "after so long it goes out by itself; 0: when `alamo roa release` says so"),
	TEXT("rpki", "key", "keys/roa.key", "secret key that signs route origins; no such file: they are not signed"),
	TEXT("rpki", "key-note", "keys/roa.note", "what the log's key says about it"),
	NUMBER("rpki", "signed-seconds", "86400", 600, 31536000, "how long what was signed may be used"),
};

/* clang-format on */

struct conf_value {
	char *text;      /* owned; NULL: not in the file */
	uint64_t number; /* CONF_NUMBER, CONF_BOOL */
};

struct al_conf {
	char dir[PATH_MAX]; /* absolute */
	struct conf_value values[AL_COUNT(schema)];
};

/* ---- checks: NULL, or what is wrong ---- */

static const char *check_choice(const struct conf_row *row, struct al_slice text)
{
	struct al_slice rest = al_slice_str(row->choices);
	struct al_slice choice;
	bool more = true;
	while (more) {
		more = al_slice_cut(&rest, '|', &choice);
		if (al_slice_eq(choice, text))
			return NULL;
	}
	return "is not one of";
}

static const char *check_addrs(const struct conf_row *row, struct al_slice text)
{
	struct al_slice one;
	struct al_prefix addr;
	uint64_t count = 0;
	while (al_conf_next(&text, &one)) {
		if (al_addr_parse(one, &addr) != AL_OK)
			return "has something that is not an IP address";
		count++;
	}
	if (count < row->min)
		return "needs an address";
	return count > row->max ? "has too many addresses" : NULL;
}

static const char *check_value(const struct conf_row *row, struct al_slice text, uint64_t *number)
{
	switch (row->type) {
	case CONF_TEXT:
		return text.len >= row->min ? NULL : "is empty";
	case CONF_CHOICE:
		return check_choice(row, text);
	case CONF_ADDRS:
		return check_addrs(row, text);
	case CONF_NUMBER:
		if (al_slice_u64(text, row->max, number) != AL_OK || *number < row->min)
			return "is not a number in the range";
		return NULL;
	case CONF_BOOL:
		*number = al_slice_is(text, "yes");
		return *number != 0 || al_slice_is(text, "no") ? NULL : "is neither yes nor no";
	}
	return "has no type";
}

/* ---- reading ---- */

struct conf_reader {
	struct al_conf *conf;
	FILE *file;
	int line;     /* of what inih looks at now */
	int bad_line; /* 0: none yet */
	enum al_err err;
	char reason[REASON_LEN];
};

static void reader_fail(struct conf_reader *reader, enum al_err err, const char *fmt, ...) AL_PRINTF(3, 4);
static void reader_fail(struct conf_reader *reader, enum al_err err, const char *fmt, ...)
{
	if (reader->err != AL_OK)
		return;
	reader->err = err;
	reader->bad_line = reader->line;
	va_list args;
	va_start(args, fmt);
	vsnprintf(reader->reason, sizeof(reader->reason), fmt, args);
	va_end(args);
}

/*
 * inih's source of lines. It would cut a long line in two, and take an
 * indented one as more of the value above: neither gets that far.
 */
static char *reader_line(char *out, int cap, void *arg)
{
	struct conf_reader *reader = arg;
	int len = 0;
	int ch = getc(reader->file);
	if (ch == EOF || reader->err != AL_OK)
		return NULL;
	reader->line++;
	if (reader->line > FILE_LINES_MAX)
		reader_fail(reader, AL_ELIMIT, "more lines than a configuration has");
	for (; ch != EOF && ch != '\n'; ch = getc(reader->file)) {
		if (ch == '\0' || len >= cap - 2) {
			reader_fail(reader, AL_EINVAL, ch == '\0' ? "a NUL byte" : "the line is too long");
			return NULL;
		}
		if (len > 0 || (ch != ' ' && ch != '\t'))
			out[len++] = (char)ch;
	}
	out[len++] = '\n';
	out[len] = '\0';
	return reader->err == AL_OK ? out : NULL;
}

static bool section_known(const char *section)
{
	for (size_t i = 0; i < AL_COUNT(schema); i++)
		if (strcmp(schema[i].section, section) == 0)
			return true;
	return false;
}

static const struct conf_row *row_find(const char *section, const char *key)
{
	for (size_t i = 0; i < AL_COUNT(schema); i++)
		if (strcmp(schema[i].section, section) == 0 && strcmp(schema[i].key, key) == 0)
			return &schema[i];
	return NULL;
}

static void reader_value(struct conf_reader *reader, const struct conf_row *row, const char *text)
{
	struct conf_value *value = &reader->conf->values[row - schema];
	if (value->text != NULL) {
		reader_fail(reader, AL_EINVAL, "%s is given twice", row->key);
		return;
	}
	const char *wrong = check_value(row, al_slice_str(text), &value->number);
	if (wrong != NULL && row->type == CONF_CHOICE)
		reader_fail(reader, AL_EINVAL, "%s: \"%s\" %s %s", row->key, text, wrong, row->choices);
	else if (wrong != NULL && row->type == CONF_NUMBER)
		reader_fail(reader, AL_EINVAL, "%s: \"%s\" %s %" PRIu64 " to %" PRIu64, row->key, text, wrong, row->min,
			    row->max);
	else if (wrong != NULL)
		reader_fail(reader, AL_EINVAL, "%s: \"%s\" %s", row->key, text, wrong);
	if (wrong != NULL)
		return;
	value->text = strdup(text);
	if (value->text == NULL)
		reader_fail(reader, AL_ENOMEM, "out of memory");
}

static int reader_pair(void *arg, const char *section, const char *key, const char *text)
{
	struct conf_reader *reader = arg;
	const struct conf_row *row = row_find(section, key);
	if (row != NULL)
		reader_value(reader, row, text);
	else if (section[0] == '\0')
		reader_fail(reader, AL_EINVAL, "%s stands before any [section]", key);
	else if (!section_known(section))
		reader_fail(reader, AL_EINVAL, "unknown section [%s]", section);
	else
		reader_fail(reader, AL_EINVAL, "unknown key %s in [%s]", key, section);
	return reader->err == AL_OK;
}

/* Keys that the file does not give. Needs [network] ports, which stands before all ports. */
static enum al_err presets_fill(struct al_conf *conf)
{
	for (size_t i = 0; i < AL_COUNT(schema); i++) {
		const struct conf_row *row = &schema[i];
		struct conf_value *value = &conf->values[i];
		const char *preset = row->preset;
		if (value->text != NULL)
			continue;
		if (row->standard != NULL && strcmp(al_conf_str(conf, "network", "ports"), "standard") == 0)
			preset = row->standard;
		value->text = strdup(preset);
		if (value->text == NULL)
			return AL_ENOMEM;
		const char *wrong = check_value(row, al_slice_str(preset), &value->number);
		assert(wrong == NULL);
		(void)wrong;
	}
	return AL_OK;
}

static enum al_err conf_read(struct conf_reader *reader)
{
	int rc = ini_parse_stream(reader_line, reader, reader_pair, reader);
	/* The first bad line of inih may come before the first of ours. */
	if (rc > 0 && (reader->bad_line == 0 || rc < reader->bad_line)) {
		reader->err = AL_EINVAL;
		reader->bad_line = rc;
		snprintf(reader->reason, sizeof(reader->reason), "neither [section] nor key = value");
	} else if (rc < 0) {
		reader_fail(reader, AL_ENOMEM, "out of memory");
	}
	if (reader->err == AL_OK && ferror(reader->file)) {
		reader->line = 0;
		reader_fail(reader, AL_ESYS, "cannot be read");
	}
	if (reader->err == AL_OK && presets_fill(reader->conf) != AL_OK)
		reader_fail(reader, AL_ENOMEM, "out of memory");
	if (reader->err != AL_OK)
		return reader->err;

	/* RFC 8210 section 6: a router must not drop the data before it could ask again. */
	const struct al_conf *conf = reader->conf;
	uint64_t expire = al_conf_u64(conf, "rpki", "expire");
	reader->line = 0;
	if (expire <= al_conf_u64(conf, "rpki", "refresh") || expire <= al_conf_u64(conf, "rpki", "retry"))
		reader_fail(reader, AL_EINVAL, "[rpki] expire must be longer than refresh and retry");
	return reader->err;
}

static enum al_err dir_of(const char *path, char out[static PATH_MAX])
{
	char copy[PATH_MAX];
	if (al_slice_copy(al_slice_str(path), copy, sizeof(copy)) != AL_OK)
		return AL_ELIMIT;
	return realpath(dirname(copy), out) != NULL ? AL_OK : AL_ESYS;
}

enum al_err al_conf_load(const char *path, struct al_conf **out, char *message, size_t message_cap)
{
	struct conf_reader reader = { .file = fopen(path, "re") };
	if (reader.file == NULL) {
		int number = errno;
		snprintf(message, message_cap, "%s: %s", path, strerror(number));
		return number == ENOENT ? AL_ENOTFOUND : AL_ESYS;
	}
	reader.conf = calloc(1, sizeof(*reader.conf));
	if (reader.conf == NULL)
		reader_fail(&reader, AL_ENOMEM, "out of memory");
	else if (dir_of(path, reader.conf->dir) != AL_OK)
		reader_fail(&reader, AL_ESYS, "its directory has no absolute path");
	else
		conf_read(&reader);
	fclose(reader.file);

	if (reader.err == AL_OK) {
		*out = reader.conf;
		return AL_OK;
	}
	if (reader.bad_line > 0)
		snprintf(message, message_cap, "%s:%d: %s", path, reader.bad_line, reader.reason);
	else
		snprintf(message, message_cap, "%s: %s", path, reader.reason);
	al_conf_free(reader.conf);
	return reader.err;
}

void al_conf_free(struct al_conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < AL_COUNT(schema); i++)
		free(conf->values[i].text);
	free(conf);
}

/* ---- asking ---- */

static const struct conf_value *value_of(const struct al_conf *conf, const char *section, const char *key)
{
	const struct conf_row *row = row_find(section, key);
	assert(row != NULL);
	return &conf->values[row - schema];
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
	for (size_t i = 0; i < AL_COUNT(schema); i++) {
		const struct conf_row *row = &schema[i];
		if (strcmp(section, row->section) != 0)
			al_buf_printf(out, "%s[%s]\n", i > 0 ? "\n" : "", row->section);
		section = row->section;
		al_buf_printf(out, "# %s", row->doc);
		if (row->choices != NULL)
			al_buf_printf(out, " (%s)", row->choices);
		al_buf_printf(out, "\n%s =%s%s\n", row->key, conf->values[i].text[0] != '\0' ? " " : "",
			      conf->values[i].text);
	}
}
