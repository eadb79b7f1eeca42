/* SPDX-License-Identifier: MIT */
/*
 * domain_check.c -- see domain_check.h.
 */
#include "domain_check.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/net/loop.h"
#include "alamo/rpsl/object.h"
#include "command.h"
#include "delegation.h"
#include "json.h"
#include "member/draft.h"
#include "member/fetch.h"
#include "member/network.h"

#define ASK_MS 6000     /* for all answers of all servers */
#define NAMES_MS 10000u /* then no more names are looked up */

/* ---- the domain as the registry has it ---- */

/* Addresses that this machine finds for a server's name; none is a finding. */
static void name_look(struct delegation *d, struct al_slice name, uint64_t until)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct addrinfo *list = NULL;
	char host[AL_NAME_MAX + 1], text[INET6_ADDRSTRLEN];
	size_t before = d->count;

	if (al_now_ms() < until && al_slice_copy(name, host, sizeof(host)) == AL_OK &&
	    getaddrinfo(host, NULL, &hints, &list) == 0) {
		for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
			struct al_prefix address;

			if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) ==
				    0 &&
			    al_addr_parse(al_slice_str(text), &address) == AL_OK)
				delegation_server_address(d, name, &address);
		}
		freeaddrinfo(list);
	}
	if (d->count == before)
		delegation_server_address(d, name, NULL);
}

static int servers_fill(struct delegation *d, struct al_slice object)
{
	uint64_t until = al_now_ms() + NAMES_MS;
	struct al_slice rest = object, value, name;
	struct al_prefix address;

	while (al_attr_find(&rest, "nserver", &value)) {
		if (!al_slice_word(&value, "", &name) || delegation_server_name(d, name) != AL_OK)
			continue;
		if (al_addr_parse(al_slice_trim(value), &address) == AL_OK)
			delegation_server_address(d, name, &address);
		else
			name_look(d, name, until);
	}
	rest = object;
	while (al_attr_find(&rest, "ds-rdata", &value))
		if (cds_present(&d->parent, value) != AL_OK)
			return command_fail(CLI_REFUSED, "ds-rdata: %.*s is not understood", AL_FMT(value));
	return CLI_DONE;
}

static int object_read(struct delegation *d, const char *name, struct al_slice answer)
{
	struct al_slice rest, value;
	struct draft draft;
	int code = CLI_DONE;

	if (draft_parse(answer, &draft) != AL_OK)
		return command_fail(CLI_REFUSED, "the registry's answer is not understood");
	rest = draft.objects[0];
	if (!al_attr_find(&rest, "nserver", &value))
		code = command_fail(CLI_REFUSED, "%s has no name servers of its own: the network's servers have it",
				    name);
	else
		code = servers_fill(d, draft.objects[0]);
	draft_release(&draft);
	return code;
}

static int domain_fetch(const struct registry *registry, const char *name, struct delegation *d)
{
	char wanted[sizeof("domain ") + AL_NAME_MAX];
	struct client *client = NULL;
	struct network network;
	struct al_buf answer;
	enum al_err err = network_open(registry, &client, &network);
	int code;

	al_buf_init(&answer, 2 * CLIENT_ANSWER_MAX);
	(void)snprintf(wanted, sizeof(wanted), "domain %s", name);
	if (err == AL_OK)
		err = fetch_object(client, wanted, &answer);
	if (err == AL_ENOTFOUND)
		code = command_fail(CLI_REFUSED, "there is no domain %s", name);
	else
		code = err == AL_OK ? object_read(d, name, al_buf_view(&answer)) : command_exit(err);
	client_close(client);
	al_buf_release(&answer);
	return code;
}

/* ---- asked ---- */

static enum al_err servers_ask(struct delegation *d)
{
	struct delegation_address asked[DELEGATION_ADDRESSES_MAX];
	size_t at[DELEGATION_ADDRESSES_MAX], count = 0;
	enum al_err err;

	for (size_t i = 0; i < d->count; i++) {
		if (d->all[i].asked.to_len == 0)
			continue;
		asked[count] = d->all[i].asked;
		at[count++] = i;
	}
	err = delegation_ask(d->parent.name, asked, count, ASK_MS);
	for (size_t i = 0; i < count; i++)
		d->all[at[i]].asked = asked[i];
	return err;
}

/* ---- told ---- */

static const char *server_of(const struct delegation_point *point)
{
	return point->server != NULL ? point->server->name : "all servers";
}

/* Names and rcodes come from the network. */
static void check_print(const struct delegation *d, const char *name)
{
	const struct delegation_point *worst = &d->points[0];
	struct al_buf out;

	for (size_t i = 1; i < d->point_count; i++)
		if (status_rank(d->points[i].how) > status_rank(worst->how))
			worst = &d->points[i];
	al_buf_init(&out, 1u << 20);
	al_buf_printf(&out, "%s %s", name, status_words[d->worst]);
	if (d->worst != STATUS_OK)
		al_buf_printf(&out, ": %s: %s", server_of(worst), worst->text);
	al_buf_u8(&out, '\n');
	for (size_t i = 0; i < d->point_count; i++) {
		const struct delegation_point *point = &d->points[i];

		al_buf_printf(&out, "%-8s %s%s%s  %s\n", status_words[point->how], server_of(point),
			      point->server != NULL && point->server->address[0] != '\0' ? " " : "",
			      point->server != NULL ? point->server->address : "", point->text);
		if (point->mend[0] != '\0')
			al_buf_printf(&out, "         %s\n", point->mend);
	}
	command_print_remote(al_buf_view(&out));
	al_buf_release(&out);
}

static int check_json(const struct delegation *d, const char *name)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->point_count; i++) {
		const struct delegation_point *point = &d->points[i];
		json_t *one = json_pack("{s:s, s:s, s:s}", "state", status_words[point->how], "text", point->text,
					"mend", point->mend);

		if (point->server != NULL) {
			(void)json_object_set_new(one, "server", json_string(point->server->name));
			(void)json_object_set_new(one, "address", json_string(point->server->address));
		}
		(void)json_array_append_new(list, one);
	}
	return json_out(json_pack("{s:s, s:s, s:o}", "domain", name, "state", status_words[d->worst], "points", list));
}

static int check(const struct registry *registry, const char *name, bool json, struct delegation *d)
{
	int code = delegation_init(d, name) == AL_OK ? domain_fetch(registry, name, d)
						     : command_fail(CLI_REFUSED, "out of memory");

	if (code == CLI_DONE && servers_ask(d) != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
	if (code != CLI_DONE)
		return STATUS_UNKNOWN;
	delegation_judge(d);
	if (json)
		(void)check_json(d, name);
	else
		check_print(d, name);
	return (int)d->worst;
}

int domain_check(const struct registry *registry, const char *name, bool json)
{
	struct delegation *d = calloc(1, sizeof(*d));
	int code;

	if (d == NULL) {
		(void)command_fail(CLI_REFUSED, "out of memory");
		return STATUS_UNKNOWN;
	}
	code = check(registry, name, json, d);
	delegation_release(d);
	free(d);
	return code;
}
