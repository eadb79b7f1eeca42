/* SPDX-License-Identifier: MIT */
/*
 * cmd_host.c -- `alamo host`, a name that leads to something of one's own, in one request; `alamo unhost`.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "node/node_apply.h"
#include "node/node_member.h"

enum { RR_A = 1, RR_MX = 15, RR_AAAA = 28, RR_SRV = 33, RR_SSHFP = 44, RR_TLSA = 52, RR_HTTPS = 65 };

struct options {
	struct registry registry;
	const char *root, *key, *to, *url, *descr;
	struct option_list ports, tls, ssh, srv, mail;
	bool https, anycast, dry_run;
};

struct hosting {
	const struct options *options;
	struct node_member member;
	struct host host;
	char port[16]; /* of --to; empty: none */
	char first[32];
};

/* ---- where to ---- */

/* "[ADDRESS]:PORT", "ADDRESS", "ADDRESS4:PORT", ":PORT". */
static int to_split(const char *to, struct al_slice *address, char port[static 16])
{
	const char *colon = strrchr(to, ':'), *end = strrchr(to, ']');
	bool literal6 = to[0] != '[' && strchr(to, ':') != colon; /* an IPv6 address alone */
	uint64_t number;

	port[0] = '\0';
	*address = al_slice_str(to);
	if (colon == NULL || literal6 || (end != NULL && colon < end))
		colon = to + strlen(to);
	*address = al_slice_of(to, (size_t)(colon - to));
	if (address->len > 1 && address->ptr[0] == '[' && address->ptr[address->len - 1] == ']')
		*address = al_slice_of(address->ptr + 1, address->len - 2);
	if (*colon == '\0')
		return CLI_DONE;
	if (al_slice_u64(al_slice_str(colon + 1), 65535, &number) != AL_OK || number == 0)
		return command_fail(CLI_USAGE, "--to: \"%s\" is no port", colon + 1);
	snprintf(port, 16, "%u", (unsigned)number);
	return CLI_DONE;
}

/* --to's port first, then those of --port. */
static int ports_take(struct hosting *h)
{
	const struct option_list *more = &h->options->ports;

	if (h->port[0] != '\0') {
		snprintf(h->first, sizeof(h->first), "tcp/%s", h->port);
		h->host.ports.values[h->host.ports.count++] = h->first;
	}
	for (size_t i = 0; i < more->count && h->host.ports.count < OPTION_LIST_MAX; i++)
		h->host.ports.values[h->host.ports.count++] = more->values[i];
	return h->host.ports.count > 0
		       ? CLI_DONE
		       : command_fail(CLI_USAGE, "which port? --to ADDRESS:PORT, or --port PROTOCOL/PORT");
}

/* The first TCP port, for what is said of one. NULL: none (said). */
static const char *tcp_port(const struct hosting *h, const char *option)
{
	for (size_t i = 0; i < h->host.ports.count; i++)
		if (strncmp(h->host.ports.values[i], "tcp/", 4) == 0)
			return h->host.ports.values[i] + 4;
	command_fail(CLI_USAGE, "%s: there is no TCP port that it could be about", option);
	return NULL;
}

/* ---- records ---- */

static int address_add(struct hosting *h)
{
	char text[AL_PREFIX_STRLEN];
	struct al_buf *data = host_record_add(&h->host, h->host.name, h->host.address.bits == 32 ? RR_A : RR_AAAA);

	if (data == NULL)
		return CLI_USAGE;
	al_addr_format(&h->host.address, text);
	al_buf_str(data, text);
	return CLI_DONE;
}

/* RFC 2782: "_xmpp-client._tcp" leads to the host, at the port. */
static int srv_add(struct hosting *h, const char *typed)
{
	char owner[AL_NAME_MAX + 1];
	const char *port = strstr(typed, "._udp") != NULL ? NULL : tcp_port(h, "--srv");
	struct al_buf *data;

	for (size_t i = 0; port == NULL && i < h->host.ports.count; i++)
		if (strncmp(h->host.ports.values[i], "udp/", 4) == 0)
			port = h->host.ports.values[i] + 4;
	if (port == NULL || host_owner(&h->host, typed, owner) != AL_OK)
		return command_fail(CLI_USAGE, "--srv: \"%s\" is no _SERVICE._tcp or _SERVICE._udp that fits a port",
				    typed);
	data = host_record_add(&h->host, owner, RR_SRV);
	if (data == NULL)
		return CLI_USAGE;
	al_buf_printf(data, "0 5 %s %s", port, h->host.name);
	return CLI_DONE;
}

static int mail_add(struct hosting *h, const char *typed)
{
	char owner[AL_NAME_MAX + 1];
	struct al_buf *data;

	if (host_owner(&h->host, typed, owner) != AL_OK)
		return command_fail(CLI_USAGE, "--mail: \"%s\" is no domain", typed);
	data = host_record_add(&h->host, owner, RR_MX);
	if (data == NULL)
		return CLI_USAGE;
	al_buf_printf(data, "10 %s", h->host.name);
	return CLI_DONE;
}

/* Of every TCP port: who listens at one shows the certificate there. */
static int tls_add(struct hosting *h, const char *path)
{
	char label[32], owner[AL_NAME_MAX + 1];
	struct al_buf *data;

	if (tcp_port(h, "--tls") == NULL)
		return CLI_USAGE;
	for (size_t i = 0; i < h->host.ports.count; i++) {
		if (strncmp(h->host.ports.values[i], "tcp/", 4) != 0)
			continue;
		snprintf(label, sizeof(label), "_%.8s._tcp", h->host.ports.values[i] + 4);
		if (host_owner(&h->host, label, owner) != AL_OK)
			return command_fail(CLI_USAGE, "%s.%s is too long a name", label, h->host.name);
		data = host_record_add(&h->host, owner, RR_TLSA);
		if (data == NULL || host_tlsa(path, data) != AL_OK)
			return CLI_USAGE;
	}
	return CLI_DONE;
}

static int ssh_add(struct hosting *h, const char *path)
{
	struct al_buf *data = host_record_add(&h->host, h->host.name, RR_SSHFP);

	return data != NULL && host_sshfp(path, data) == AL_OK ? CLI_DONE : CLI_USAGE;
}

/* RFC 9460 section 9.1. */
static int https_add(struct hosting *h)
{
	const char *port = tcp_port(h, "--https");
	struct al_buf *data = port != NULL ? host_record_add(&h->host, h->host.name, RR_HTTPS) : NULL;

	if (data == NULL)
		return CLI_USAGE;
	al_buf_str(data, "1 . alpn=h2,http/1.1");
	if (strcmp(port, "443") != 0)
		al_buf_printf(data, " port=%s", port);
	return CLI_DONE;
}

static int each(struct hosting *h, const struct option_list *list, int (*add)(struct hosting *h, const char *typed))
{
	int code = CLI_DONE;

	for (size_t i = 0; i < list->count && code == CLI_DONE; i++)
		code = add(h, list->values[i]);
	return code;
}

static int records_add(struct hosting *h)
{
	const struct options *options = h->options;
	int code = address_add(h);

	if (code == CLI_DONE)
		code = each(h, &options->srv, srv_add);
	if (code == CLI_DONE)
		code = each(h, &options->mail, mail_add);
	if (code == CLI_DONE)
		code = each(h, &options->tls, tls_add);
	if (code == CLI_DONE)
		code = each(h, &options->ssh, ssh_add);
	if (code == CLI_DONE && options->https)
		code = https_add(h);
	return code;
}

/* ---- sending ---- */

static const char *root_of(const struct options *options)
{
	return options->root != NULL ? options->root : "/";
}

static int objects_send(struct hosting *h, struct al_slice objects)
{
	struct submit submit = node_member_submit(&h->member);
	struct log_read_options where = { .server = client_server(h->member.client) };
	int code;

	submit.dry_run = h->options->dry_run;
	code = node_submit(&submit, objects);
	if (code == CLI_DONE && h->member.conf.name[0] != '\0' && !h->options->dry_run)
		code = node_apply(root_of(h->options), &where);
	return code;
}

static void host_print(const struct hosting *h, bool reverse)
{
	struct al_buf service;
	char address[AL_PREFIX_STRLEN];

	al_buf_init(&service, AL_NAME_MAX + 1);
	host_service_name(&h->host, &service);
	al_addr_format(&h->host.address, address);
	printf("%s leads to %s%s; service %.*s\n", h->host.name, address, reverse ? ", and back" : "",
	       AL_FMT(al_buf_view(&service)));
	if (!reverse)
		puts("The reverse name is not set: the address is in no block of yours, or that has name servers");
	if (h->host.anycast)
		puts("Next: the service listens at every address (::); the node announces it while it answers");
	else
		printf("Next: the service listens at %s\n", address);
	al_buf_release(&service);
}

static int hosting_prepare(struct hosting *h)
{
	const struct options *options = h->options;
	struct al_slice to;
	int code = to_split(options->to != NULL ? options->to : "", &to, h->port);

	if (code == CLI_DONE)
		code = ports_take(h);
	if (code == CLI_DONE && options->anycast && h->host.node == NULL)
		code = command_fail(CLI_USAGE, "--anycast: it is a node that announces it, and this machine is none");
	if (code == CLI_DONE && host_address(&h->host, to) != AL_OK)
		code = CLI_USAGE;
	h->host.url = options->url;
	h->host.descr = options->descr;
	h->host.anycast = options->anycast;
	return code == CLI_DONE ? records_add(h) : code;
}

static int hosting_open(struct hosting *h, const struct words *words, const struct options *options)
{
	int code;

	h->options = options;
	if (al_name_canon(al_slice_str(words->word[0]), h->host.name) != AL_OK || h->host.name[0] == '\0')
		return command_fail(CLI_USAGE, "\"%s\" is no name", words->word[0]);
	code = node_member_open(root_of(options), options->key, &options->registry, false, &h->member);
	h->host.state = h->member.state;
	h->host.owner = &h->member.owner;
	h->host.source = h->member.network.source;
	if (h->member.conf.name[0] != '\0')
		h->host.node = h->member.conf.name;
	return code;
}

static int hosting_run(const struct words *words, const void *options,
		       int (*job)(struct hosting *h, struct al_buf *out))
{
	struct hosting *h = calloc(1, sizeof(*h));
	struct al_buf objects;
	int code;

	if (h == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	al_buf_init(&objects, 1u << 20);
	code = hosting_open(h, words, options);
	if (code == CLI_DONE)
		code = job(h, &objects);
	al_buf_release(&objects);
	host_release(&h->host);
	node_member_release(&h->member);
	free(h);
	return code;
}

static int host_job(struct hosting *h, struct al_buf *objects)
{
	bool reverse = false;
	int code = hosting_prepare(h);

	if (code == CLI_DONE)
		code = host_objects(&h->host, objects, &reverse);
	if (code == CLI_DONE)
		code = objects_send(h, al_buf_view(objects));
	if (code == CLI_DONE)
		host_print(h, reverse);
	return code;
}

static int unhost_job(struct hosting *h, struct al_buf *objects)
{
	int code = unhost_objects(&h->host, objects);

	if (code == CLI_DONE)
		code = objects_send(h, al_buf_view(objects));
	if (code == CLI_DONE)
		printf("%s leads nowhere any more\n", h->host.name);
	return code;
}

static int host_run(const struct words *words, const void *options)
{
	return hosting_run(words, options, host_job);
}

static int unhost_run(const struct words *words, const void *options)
{
	return hosting_run(words, options, unhost_job);
}

static const struct command_form host_forms[] = { { NULL, "NAME", NULL, host_run } };
static const struct command_form unhost_forms[] = { { NULL, "NAME", NULL, unhost_run } };

#define ROWS_SHARED                                                                            \
	NODE_ROW_ROOT(struct options, "nothing is run"),                                       \
		OPTION_KEY(struct options, key, NULL, "the SSH key of the maintainer"),        \
		{ .name = "dry-run",                                                           \
		  .letter = 'n',                                                               \
		  OPTION_AT(struct options, dry_run),                                          \
		  .meaning = "has the registry decide and answer without changing anything" }, \
		REGISTRY_ROWS(struct options, registry)

static const struct option_row host_rows[] = {
	{ .name = "to",
	  .arg = "ADDRESS[:PORT]",
	  OPTION_AT(struct options, to),
	  .meaning = "where it is; [::80]:443 is an address in the block that is yours",
	  .fallback = "the node's own address, with :443 too" },
	{ .name = "port",
	  .arg = "PROTOCOL/PORT",
	  .most = NODE_PORTS_MAX - 1,
	  OPTION_AT(struct options, ports),
	  .meaning = "one more port, as tcp/443 or udp/27960; each is opened in the node's firewall" },
	{ .name = "url",
	  .arg = "URL",
	  OPTION_AT(struct options, url),
	  .meaning = "how it is shown in `alamo services`" },
	{ .name = "descr", .arg = "TEXT", OPTION_AT(struct options, descr), .meaning = "what it is, in words" },
	{ .name = "srv",
	  .arg = "LABELS",
	  .most = 16,
	  OPTION_AT(struct options, srv),
	  .meaning = "an SRV record: _xmpp-client._tcp below NAME, or a whole name in the same domain" },
	{ .name = "mail",
	  .arg = "DOMAIN",
	  .most = 16,
	  OPTION_AT(struct options, mail),
	  .meaning = "an MX record: mail for DOMAIN goes to NAME; @ is NAME itself" },
	{ .name = "tls",
	  .arg = "FILE",
	  .most = 4,
	  OPTION_AT(struct options, tls),
	  .meaning = "TLSA records, of each TCP port, for the certificate (PEM) that is shown there" },
	{ .name = "ssh",
	  .arg = "FILE",
	  .most = 8,
	  OPTION_AT(struct options, ssh),
	  .meaning = "an SSHFP record of a public host key" },
	{ .name = "https",
	  OPTION_AT(struct options, https),
	  .meaning = "an HTTPS record, with the port if it is not 443" },
	{ .name = "anycast",
	  OPTION_AT(struct options, anycast),
	  .meaning = "others have the address too: the node announces its prefix while the service answers" },
	ROWS_SHARED,
};

static const struct option_row unhost_rows[] = { ROWS_SHARED };

const struct command command_host = {
	.name = "host",
	.group = GROUP_MEMBER,
	.help = "a name for something of yours: address, reverse name, records, service, firewall, at once",
	.notes = "NAME is in a domain of yours whose records the registry hosts. What has the same name and type is "
		 "replaced.",
	COMMAND_FORMS(host_forms),
	COMMAND_OPTIONS(host_rows, struct options),
};

const struct command command_unhost = {
	.name = "unhost",
	.group = GROUP_MEMBER,
	.help = "takes such a name back, with all that leads to it",
	.notes = NULL,
	COMMAND_FORMS(unhost_forms),
	COMMAND_OPTIONS(unhost_rows, struct options),
};
