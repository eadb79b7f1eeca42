/* SPDX-License-Identifier: MIT */
/*
 * cmd_services.c -- `alamo services`: what members offer, and with --check what of it answers.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "audit.h"
#include "directory.h"
#include "json.h"
#include "member/network.h"
#include "node/node_view.h"

#define CHECK_MS 3000

struct options {
	struct registry registry;
	bool check, json;
};

static void days_print(const struct service *service)
{
	uint64_t now = (uint64_t)time(NULL);

	if (service->state == SERVICE_UP && service->tls && service->tls_days >= 0)
		printf("  TLS %d days", service->tls_days);
	else if (service->state == SERVICE_UP && service->tls)
		printf("  TLS over since %d days", -service->tls_days);
	else if (service->state != SERVICE_UP && service->seen != 0)
		printf("  seen %llu days ago",
		       (unsigned long long)((now > service->seen ? now - service->seen : 0) / 86400));
	else if (service->state != SERVICE_UP && service->first != 0)
		printf("  never seen");
}

static void service_print(const struct service *service, bool check)
{
	const struct al_object *object = service->object;
	struct al_slice where = al_object_attr(object, "url"), rest = al_object_text(object), port;
	struct al_buf line;

	al_buf_init(&line, 65536);
	if (check)
		printf("%-6s ", service_states[service->state]);
	al_buf_printf(&line, "%-24.*s %.*s", AL_FMT(al_object_key(object)),
		      AL_FMT(where.len > 0 ? where : al_object_attr(object, "address")));
	while (where.len == 0 && al_attr_find(&rest, "port", &port))
		al_buf_printf(&line, " %.*s", AL_FMT(port));
	al_buf_printf(&line, "  %.*s  %.*s", AL_FMT(al_object_attr(object, "mnt-by")),
		      AL_FMT(al_object_attr(object, "descr")));
	command_print_remote(al_slice_trim(al_buf_view(&line)));
	al_buf_release(&line);
	if (check)
		days_print(service);
	putchar('\n');
}

static json_t *attrs_json(const struct al_object *object, const char *name)
{
	struct al_slice rest = al_object_text(object), value;
	json_t *list = json_array();

	while (al_attr_find(&rest, name, &value))
		(void)json_array_append_new(list, json_slice(value));
	return list;
}

static json_t *service_json(const struct service *service, bool check)
{
	static const char *const attrs[] = { "url", "descr", "node", "address", "port", "mnt-by" };
	json_t *one = json_pack("{s:o}", "service", json_slice(al_object_key(service->object)));

	for (size_t i = 0; i < AL_COUNT(attrs); i++)
		(void)json_object_set_new(one, attrs[i], attrs_json(service->object, attrs[i]));
	if (!check)
		return one;
	(void)json_object_set_new(one, "state",
				  service->state == SERVICE_UNASKED ? json_null()
								    : json_string(service_states[service->state]));
	(void)json_object_set_new(one, "tls-days", service->tls ? json_integer(service->tls_days) : json_null());
	(void)json_object_set_new(one, "seen",
				  service->seen != 0 ? json_integer((json_int_t)service->seen) : json_null());
	return one;
}

static int directory_show(const struct directory *directory, const struct options *options)
{
	json_t *list = json_array();

	for (size_t i = 0; i < directory->count; i++) {
		if (options->json)
			(void)json_array_append_new(list, service_json(&directory->services[i], options->check));
		else
			service_print(&directory->services[i], options->check);
	}
	if (options->json)
		return json_out(json_pack("{s:o}", "services", list));
	json_decref(list);
	if (directory->count == 0)
		puts("no service is registered: alamo host NAME --to ADDRESS:PORT");
	return CLI_DONE;
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct log_read_options where = { 0 };
	struct client *client = NULL;
	struct network network;
	struct audit *audit = NULL;
	struct directory directory = { 0 };
	int code = command_exit(network_open(&options->registry, &client, &network));

	(void)words;
	if (code == CLI_DONE) {
		where.server = client_server(client);
		code = node_log_read(&where, NULL, &audit);
	}
	if (code == CLI_DONE)
		code = command_exit(directory_fill(audit_state(audit), &directory));
	if (code == CLI_DONE && options->check && directory_check(&directory, network.name, CHECK_MS) != AL_OK)
		code = CLI_REFUSED;
	if (code == CLI_DONE)
		code = directory_show(&directory, options);
	directory_release(&directory);
	audit_free(audit);
	client_close(client);
	return code;
}

static const struct command_form forms[] = { { NULL, "", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "check",
	  .letter = 'c',
	  OPTION_AT(struct options, check),
	  .meaning = "asks each one: does it answer, for how many days is its certificate good, when was it seen last; "
		     "stale is what was not seen for 14 days" },
	OPTION_JSON(struct options, json),
	REGISTRY_ROWS(struct options, registry),
};

const struct command command_services = {
	.name = "services",
	.group = GROUP_MEMBER,
	.help = "what members offer, and what of it answers",
	.notes = NULL,
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
