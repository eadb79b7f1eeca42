/* SPDX-License-Identifier: MIT */
/*
 * host.c -- see host.h.
 */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/rpsl/rr.h"
#include "command.h"

void host_release(struct host *host)
{
	for (size_t i = 0; i < host->record_count; i++)
		al_buf_release(&host->records[i].data);
	host->record_count = 0;
}

enum al_err host_owner(const struct host *host, const char *typed, char out[static AL_NAME_MAX + 1])
{
	char name[2 * AL_NAME_MAX];
	size_t len = strlen(typed);
	/* What ends as a service's label does is below the host: _imaps._tcp. */
	bool below = len > 5 && (strcmp(typed + len - 5, "._tcp") == 0 || strcmp(typed + len - 5, "._udp") == 0);

	if (strcmp(typed, "@") == 0)
		typed = "";
	if (snprintf(name, sizeof(name), "%s%s%s", typed, below ? "." : "",
		     below || typed[0] == '\0' ? host->name : "") >= (int)sizeof(name))
		return AL_ELIMIT;
	return al_name_canon(al_slice_str(name), out);
}

struct al_buf *host_record_add(struct host *host, const char *owner, uint16_t type)
{
	struct host_record *record = &host->records[host->record_count];

	if (host->record_count == HOST_RECORDS_MAX) {
		command_fail(CLI_USAGE, "at most %d records", HOST_RECORDS_MAX);
		return NULL;
	}
	host->record_count++;
	snprintf(record->owner, sizeof(record->owner), "%s", owner);
	record->type = type;
	al_buf_init(&record->data, AL_RR_DATA_MAX);
	return &record->data;
}

/* ---- the address ---- */

struct block_search {
	const struct host *host;
	struct al_prefix inside, found; /* inside: bits 0, any */
};

static bool block_look(const struct al_object *inet, void *arg)
{
	struct block_search *search = arg;
	struct al_prefix prefix;

	if (al_object_prefix(inet, &prefix) != AL_OK || node_owner_of(search->host->owner, inet).len == 0 ||
	    (search->inside.bits != 0 && !al_prefix_covers(&prefix, &search->inside)))
		return true;
	if (search->found.bits == 0 || al_prefix_cmp(&prefix, &search->found) < 0)
		search->found = prefix;
	return true;
}

enum al_err host_address(struct host *host, struct al_slice typed)
{
	const struct al_object *node = host->node != NULL ? al_state_get(host->state, AL_NODE, al_slice_str(host->node))
							  : NULL;
	struct block_search search = { .host = host };

	if (typed.len == 0 && node != NULL)
		typed = al_object_attr(node, "address");
	if (al_addr_parse(typed, &host->address) != AL_OK) {
		command_fail(CLI_USAGE, "--to: \"%.*s\" is no address%s", AL_FMT(typed),
			     typed.len == 0 ? ", and this machine is no node that has one" : "");
		return AL_EINVAL;
	}
	if (!al_slice_starts(typed, "::"))
		return AL_OK;
	if (node != NULL && al_addr_parse(al_object_attr(node, "address"), &search.inside) != AL_OK)
		search.inside.bits = 0;
	al_state_each(host->state, AL_INET6NUM, block_look, &search);
	if (search.found.bits == 0) {
		command_fail(CLI_REFUSED, "--to: you hold no block that %.*s could lie in", AL_FMT(typed));
		return AL_EINVAL;
	}
	for (unsigned i = 0; i < search.found.len; i++)
		if ((search.found.addr[i / 8] >> (7 - i % 8) & 1) != 0)
			host->address.addr[i / 8] |= (uint8_t)(1u << (7 - i % 8));
	return AL_OK;
}

/* ---- objects ---- */

static void version_put(const struct al_object *old, struct al_buf *out)
{
	if (old != NULL)
		al_buf_printf(out, "\n%% prev: %llu\n\n", (unsigned long long)old->index);
	else
		al_buf_str(out, "\n");
}

const struct al_object *host_domain(const struct host *host)
{
	struct al_slice at = al_slice_str(host->name);
	const struct al_object *domain = NULL;

	for (; at.len > 0 && domain == NULL; at = al_name_parent(at))
		domain = al_state_get(host->state, AL_DOMAIN, at);
	if (domain == NULL)
		command_fail(CLI_REFUSED, "no domain has %s: register one first, as alamo join --domain does",
			     host->name);
	else if (node_owner_of(host->owner, domain).len == 0)
		command_fail(CLI_REFUSED, "%.*s is not maintained by your key", AL_FMT(al_object_key(domain)));
	else if (al_object_attr(domain, "nserver").len > 0)
		command_fail(CLI_REFUSED, "%.*s has name servers of its own (nserver): its records are set there",
			     AL_FMT(al_object_key(domain)));
	else
		return domain;
	return NULL;
}

/* The name as it stands before the domain's: "@", "www". */
static struct al_slice relative(struct al_slice name, struct al_slice domain)
{
	return name.len > domain.len ? al_slice_head(name, name.len - domain.len - 1) : AL_S("@");
}

static bool absolute(const struct al_record *record, struct al_slice domain, char out[static AL_NAME_MAX + 1])
{
	bool apex = strcmp(record->owner, "@") == 0;
	int len = snprintf(out, AL_NAME_MAX + 1, "%s%s%.*s", apex ? "" : record->owner, apex ? "" : ".",
			   AL_FMT(domain));

	return len > 0 && len <= AL_NAME_MAX;
}

/* Which records of the domain go. */
typedef bool (*goes_fn)(const struct host *host, const struct al_record *record, const char *owner,
			struct al_slice value);

/* The object without the lines that `goes` says, and without mnt-by and source, which end it. */
static int domain_begin(const struct host *host, const struct al_object *domain, goes_fn goes, struct al_buf *out)
{
	struct al_slice rest = al_object_text(domain);
	struct al_record *record = malloc(sizeof(*record));
	char owner[AL_NAME_MAX + 1];
	struct al_attr attr;
	const char *why;

	if (record == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	version_put(domain, out);
	while (al_attr_next(&rest, &attr)) {
		if (al_slice_is(attr.name, "mnt-by") || al_slice_is(attr.name, "source") ||
		    (al_slice_is(attr.name, "record") && al_record_parse(attr.value, record, &why) == AL_OK &&
		     absolute(record, al_object_key(domain), owner) && goes(host, record, owner, attr.value)))
			continue;
		al_buf_printf(out, "%.*s: %.*s\n", AL_FMT(attr.name), AL_FMT(attr.value));
	}
	free(record);
	return CLI_DONE;
}

static void tail_put(const struct al_object *old, struct al_buf *out)
{
	struct al_slice rest = al_object_text(old);
	struct al_attr attr;

	while (al_attr_next(&rest, &attr))
		if (al_slice_is(attr.name, "mnt-by") || al_slice_is(attr.name, "source"))
			al_buf_printf(out, "%.*s: %.*s\n", AL_FMT(attr.name), AL_FMT(attr.value));
}

/* What is set now takes the place of what had the same name and type. */
static bool is_set_again(const struct host *host, const struct al_record *record, const char *owner,
			 struct al_slice value)
{
	(void)value;
	for (size_t i = 0; i < host->record_count; i++)
		if (host->records[i].type == record->type && strcmp(host->records[i].owner, owner) == 0)
			return true;
	return false;
}

static int domain_put(const struct host *host, struct al_buf *out)
{
	const struct al_object *domain = host_domain(host);
	struct al_slice key;
	int code;

	if (domain == NULL)
		return CLI_REFUSED;
	key = al_object_key(domain);
	code = domain_begin(host, domain, is_set_again, out);
	for (size_t i = 0; code == CLI_DONE && i < host->record_count; i++) {
		const struct host_record *record = &host->records[i];

		if (!al_name_within(al_slice_str(record->owner), key))
			return command_fail(CLI_USAGE, "%s is not in %.*s", record->owner, AL_FMT(key));
		al_buf_printf(out, "record: %.*s ", AL_FMT(relative(al_slice_str(record->owner), key)));
		al_rr_type_format(record->type, out);
		al_buf_printf(out, " %.*s\n", AL_FMT(al_buf_view(&record->data)));
	}
	tail_put(domain, out);
	return code;
}

/* ---- reverse ---- */

/* The block's object with the reverse lines that `keep` lets stand; `add` is one more, or empty. */
static void block_put(const struct al_object *block, const struct host *host, bool by_name, const char *add,
		      struct al_buf *out)
{
	struct al_slice rest = al_object_text(block), name, word;
	struct al_prefix address;
	struct al_attr attr;

	version_put(block, out);
	while (al_attr_next(&rest, &attr)) {
		name = attr.value;
		if (al_slice_is(attr.name, "reverse") && al_slice_word(&name, "", &word) &&
		    (by_name ? al_slice_is(al_slice_trim(name), host->name)
			     : al_addr_parse(word, &address) == AL_OK && al_prefix_cmp(&address, &host->address) == 0))
			continue;
		if (al_slice_is(attr.name, "mnt-by") && add != NULL) {
			al_buf_printf(out, "reverse: %s %s\n", add, host->name);
			add = NULL;
		}
		al_buf_printf(out, "%.*s: %.*s\n", AL_FMT(attr.name), AL_FMT(attr.value));
	}
}

static bool reverse_put(const struct host *host, struct al_buf *out)
{
	const struct al_object *block = al_state_covering_inet(host->state, &host->address, false);
	char address[AL_PREFIX_STRLEN];

	if (block == NULL || node_owner_of(host->owner, block).len == 0 || al_object_attr(block, "nserver").len > 0)
		return false;
	al_addr_format(&host->address, address);
	block_put(block, host, false, address, out);
	return true;
}

/* ---- the service ---- */

void host_service_name(const struct host *host, struct al_buf *out)
{
	for (const char *c = host->name; *c != '\0'; c++)
		al_buf_u8(out, (uint8_t)(*c == '.' ? '-' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c));
}

static const struct al_object *service_of(const struct host *host, struct al_buf *name)
{
	al_buf_reset(name);
	host_service_name(host, name);
	return name->err == AL_OK ? al_state_get(host->state, AL_SERVICE, al_buf_view(name)) : NULL;
}

/* What `host` does not say of a service stays as it was. */
static void service_rest_put(const struct host *host, const struct al_object *old, struct al_buf *out)
{
	static const char *const own[] = { "service", "url", "node", "address", "port", "anycast", "mnt-by", "source" };
	struct al_slice rest = old != NULL ? al_object_text(old) : AL_S("");
	struct al_attr attr;

	while (al_attr_next(&rest, &attr)) {
		bool ours = host->descr != NULL && al_slice_is(attr.name, "descr");

		for (size_t i = 0; i < AL_COUNT(own); i++)
			ours = ours || al_slice_is(attr.name, own[i]);
		if (!ours)
			al_buf_printf(out, "%.*s: %.*s\n", AL_FMT(attr.name), AL_FMT(attr.value));
	}
}

static int service_put(const struct host *host, struct al_slice mnt, struct al_buf *out)
{
	struct al_buf name;
	const struct al_object *old;
	char address[AL_PREFIX_STRLEN];

	al_buf_init(&name, AL_NAME_MAX + 1);
	old = service_of(host, &name);
	version_put(old, out);
	al_buf_printf(out, "service: %.*s\n", AL_FMT(al_buf_view(&name)));
	if (host->descr != NULL)
		al_buf_printf(out, "descr: %s\n", host->descr);
	if (host->url != NULL)
		al_buf_printf(out, "url: %s\n", host->url);
	if (host->node != NULL)
		al_buf_printf(out, "node: %s\n", host->node);
	al_addr_format(&host->address, address);
	al_buf_printf(out, "address: %s\n", address);
	for (size_t i = 0; i < host->ports.count; i++) {
		struct al_slice port = al_slice_str(host->ports.values[i]), protocol;

		if (!al_slice_cut(&port, '/', &protocol)) {
			al_buf_release(&name);
			return command_fail(CLI_USAGE, "--port: \"%s\" is no PROTOCOL/PORT, as tcp/443 is",
					    host->ports.values[i]);
		}
		al_buf_printf(out, "port: %.*s %.*s\n", AL_FMT(protocol), AL_FMT(port));
	}
	if (host->anycast)
		al_buf_str(out, "anycast: yes\n");
	service_rest_put(host, old, out);
	if (old != NULL)
		tail_put(old, out);
	else
		al_buf_printf(out, "mnt-by: %.*s\nsource: %s\n", AL_FMT(mnt), host->source);
	al_buf_release(&name);
	return CLI_DONE;
}

int host_objects(const struct host *host, struct al_buf *out, bool *reverse)
{
	int code = domain_put(host, out);

	if (code != CLI_DONE)
		return code;
	*reverse = reverse_put(host, out);
	code = service_put(host, node_owner_of(host->owner, host_domain(host)), out);
	return code == CLI_DONE && out->err != AL_OK ? command_fail(CLI_REFUSED, "the request is too large") : code;
}

/* ---- and back ---- */

/* Of the name, of a service below it (_443._tcp.NAME), or leading to it (MX, SRV). */
static bool is_of_name(const struct host *host, const struct al_record *record, const char *owner,
		       struct al_slice value)
{
	struct al_slice name = al_slice_str(owner), last = AL_S(""), word;
	static const uint16_t leading[] = { 5, 15, 33 }; /* CNAME, MX, SRV */

	if (al_slice_is(name, host->name) || (owner[0] == '_' && al_name_within(name, al_slice_str(host->name))))
		return true;
	while (al_slice_word(&value, "", &word))
		last = word;
	if (al_slice_ends(last, "."))
		last = al_slice_head(last, last.len - 1);
	for (size_t i = 0; i < AL_COUNT(leading); i++)
		if (record->type == leading[i] && al_slice_is(last, host->name))
			return true;
	return false;
}

struct reverse_search {
	const struct host *host;
	struct al_buf *out;
};

static bool reverse_take(const struct al_object *block, void *arg)
{
	struct reverse_search *search = arg;
	struct al_slice rest = al_object_text(block), value, word;
	bool found = false;

	while (!found && al_attr_find(&rest, "reverse", &value))
		found = al_slice_word(&value, "", &word) && al_slice_is(al_slice_trim(value), search->host->name);
	if (found && node_owner_of(search->host->owner, block).len > 0)
		block_put(block, search->host, true, NULL, search->out);
	return true;
}

int unhost_objects(const struct host *host, struct al_buf *out)
{
	const struct al_object *domain = host_domain(host), *service;
	struct reverse_search search = { host, out };
	struct al_buf name;
	int code = domain != NULL ? domain_begin(host, domain, is_of_name, out) : CLI_REFUSED;

	if (code != CLI_DONE)
		return code;
	tail_put(domain, out);
	al_state_each(host->state, AL_INET6NUM, reverse_take, &search);
	al_state_each(host->state, AL_INETNUM, reverse_take, &search);
	al_buf_init(&name, AL_NAME_MAX + 1);
	service = service_of(host, &name);
	if (service != NULL) {
		version_put(service, out);
		al_buf_printf(out, "%.*sdelete: no longer hosted\n", AL_FMT(al_object_text(service)));
	}
	al_buf_release(&name);
	return out->err != AL_OK ? command_fail(CLI_REFUSED, "the request is too large") : CLI_DONE;
}
