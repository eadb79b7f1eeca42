/* SPDX-License-Identifier: MIT */
/*
 * cmd_resolver.c -- `alamo resolver`: the network's names in this machine's resolver.
 */
#include "command.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "file.h"
#include "member/network.h"
#include "node/place.h"
#include "process.h"
#include "resolver.h"
#include "resolver_job.h"
#include "settings.h"

/* ---- anchors ---- */

static int anchors_read(struct resolver_plan *plan, const char *path)
{
	struct al_buf text, why;
	int code = CLI_DONE;

	al_buf_init(&text, RESOLVER_ANCHOR_BYTES);
	al_buf_init(&why, 512);
	if (file_read(path, &text) != AL_OK)
		code = command_fail(CLI_USAGE, "%s: %s", path, strerror(errno));
	else if (resolver_take_anchors(plan, al_buf_view(&text), &why) != AL_OK)
		code = command_fail(CLI_USAGE, "%s: %.*s", path, AL_FMT(al_buf_view(&why)));
	al_buf_release(&text);
	al_buf_release(&why);
	return code;
}

/* Those of zones below the root; the root's own is called trust-anchor.ds. */
static int is_anchor(const struct dirent *entry)
{
	struct al_slice name = al_slice_str(entry->d_name);

	return al_slice_starts(name, "trust-anchor-") && al_slice_ends(name, ".ds");
}

static int anchors_of_authority(struct resolver_plan *plan, const char *dir)
{
	char run[PATH_MAX], path[PATH_MAX];
	struct dirent **list = NULL;
	int code = CLI_DONE, count;

	if (file_join(dir, "run", run, sizeof(run)) != AL_OK)
		return command_fail(CLI_USAGE, "%s: the path is too long", dir);
	count = scandir(run, &list, is_anchor, alphasort);
	if (count < 0)
		return command_fail(CLI_USAGE, "%s: %s", run, strerror(errno));
	for (int i = 0; i < count; i++) {
		if (code == CLI_DONE && file_join(run, list[i]->d_name, path, sizeof(path)) != AL_OK)
			code = command_fail(CLI_USAGE, "%s: the path is too long", run);
		if (code == CLI_DONE)
			code = anchors_read(plan, path);
		free(list[i]);
	}
	free(list);
	if (code == CLI_DONE && count == 0)
		code = command_fail(CLI_REFUSED, "%s has no trust-anchor-ZONE.ds: has alamo-rootd run there?", run);
	return code;
}

static int plan_anchors(struct resolver_plan *plan, const struct resolver_options *options)
{
	int code = CLI_DONE;

	if (options->dir == NULL && options->anchors.count == 0)
		return command_fail(
			CLI_USAGE,
			"which keys are the network's? Give --anchor FILE, with the DS lines that its hostmaster "
			"publishes\n(run/trust-anchor-ZONE.ds of the authority), or --dir DIR of an authority "
			"on this machine");
	for (size_t i = 0; i < options->anchors.count && code == CLI_DONE; i++)
		code = anchors_read(plan, options->anchors.values[i]);
	if (code == CLI_DONE && options->dir != NULL)
		code = anchors_of_authority(plan, options->dir);
	if (code == CLI_DONE && plan->anchor_count == 0)
		code = command_fail(CLI_USAGE, "there is no anchor of a zone below the root");
	return code;
}

/* ---- servers ---- */

static int server_add(struct resolver_plan *plan, const char *address)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct resolver_server *server = &plan->servers[plan->server_count];
	char host[SETTING_MAX], port[16];
	struct addrinfo *list = NULL;
	int code;

	if (plan->server_count == RESOLVER_SERVERS_MAX)
		return command_fail(CLI_USAGE, "at most %d name servers", RESOLVER_SERVERS_MAX);
	if (settings_peer("the name server's address", address, "53", host, port) != AL_OK)
		return CLI_USAGE;
	code = getaddrinfo(host, port, &hints, &list);
	if (code == 0)
		code = getnameinfo(list->ai_addr, list->ai_addrlen, server->address, sizeof(server->address), NULL, 0,
				   NI_NUMERICHOST);
	if (list != NULL)
		freeaddrinfo(list);
	if (code != 0)
		return command_fail(CLI_USAGE, "%s: %s", host, gai_strerror(code));
	server->port = (uint16_t)strtoul(port, NULL, 10);
	plan->server_count++;
	return CLI_DONE;
}

/* The one that the registry names. */
static int server_ask(struct resolver_plan *plan, const struct registry *registry)
{
	char address[NETWORK_FIELD_MAX];
	struct network network;
	struct client *client;
	enum al_err err = network_open(registry, &client, &network);

	if (err != AL_OK)
		return command_exit(err);
	err = network_endpoint(&network, client_server(client), "dns", address, sizeof(address));
	client_close(client);
	if (err != AL_OK)
		return command_fail(CLI_REFUSED, "the registry names no DNS server: give one with --dns");
	return server_add(plan, address);
}

static int plan_servers(struct resolver_plan *plan, const struct resolver_options *options)
{
	int code = CLI_DONE;

	if (options->dns.count == 0)
		return server_ask(plan, &options->registry);
	for (size_t i = 0; i < options->dns.count && code == CLI_DONE; i++)
		code = server_add(plan, options->dns.values[i]);
	return code;
}

static int ports_fit(const struct resolver_plan *plan, const struct resolver_program *program)
{
	for (size_t i = 0; i < plan->server_count; i++)
		if (program->port_53_only && plan->servers[i].port != 53)
			return command_fail(CLI_USAGE,
					    "%s asks name servers at port 53 only, not at %u: give another with --dns",
					    program->name, plan->servers[i].port);
	return CLI_DONE;
}

/* ---- the files ---- */

static void file_text(const struct resolver_program *program, const struct resolver_file *file,
		      const struct resolver_plan *plan, struct al_buf *out)
{
	al_buf_printf(out, "%s %s -- made by `alamo resolver %s`.\n", file->comment, file->path, program->name);
	file->render(plan, out);
}

/* Has the program read it, from a file aside. */
static int text_check(const struct resolver_program *program, const struct resolver_file *file, struct al_slice text)
{
	char path[] = "/tmp/alamo-resolver-XXXXXX";
	const char *argv[AL_COUNT(program->check) + 1] = { NULL };
	size_t words = 0;
	struct al_buf said;
	int code = CLI_DONE, status = 0, fd = mkstemp(path);

	if (fd < 0)
		return command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	close(fd);
	for (; words < AL_COUNT(program->check) && program->check[words] != NULL; words++)
		argv[words] = program->check[words];
	argv[words] = path;
	al_buf_init(&said, 65536);
	if (file_write(path, text, 0600) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	else if (process_run(argv, AL_S(""), true, &said, &status) == AL_ENOTFOUND)
		code = command_fail(CLI_REFUSED, "%s is not installed", argv[0]);
	else if (status != 0)
		code = command_fail(CLI_REFUSED, "%s does not take %s (%d)\n%.*s", argv[0], file->path, status,
				    AL_FMT(al_buf_view(&said)));
	else
		fprintf(stderr, "%s takes %s\n", argv[0], file->path);
	(void)unlink(path);
	al_buf_release(&said);
	return code;
}

/* The whole of it, in memory. */
static int files_render(const struct resolver_program *program, const struct resolver_plan *plan, struct render *out)
{
	int code = CLI_DONE;

	for (size_t i = 0; i < program->file_count && code == CLI_DONE; i++) {
		struct render_file *file = &out->files[out->count++];

		snprintf(file->path, sizeof(file->path), "%s", program->files[i].path + 1); /* below the root */
		file->mode = 0644;
		al_buf_init(&file->text, RESOLVER_TEXT_MAX);
		file_text(program, &program->files[i], plan, &file->text);
		if (file->text.err != AL_OK)
			code = command_fail(CLI_REFUSED, "%s: %s", file->path, al_err_name(file->text.err));
	}
	return code;
}

static int files_check(const struct resolver_program *program, const struct render *render)
{
	int code = CLI_DONE;

	for (size_t i = 0; i < render->count && code == CLI_DONE && program->check[0] != NULL; i++)
		code = text_check(program, &program->files[i], al_buf_view(&render->files[i].text));
	return code;
}

static int plan_make(struct resolver_plan *plan, const struct resolver_program *program,
		     const struct resolver_options *options)
{
	int code = plan_anchors(plan, options);

	if (code == CLI_DONE)
		code = plan_servers(plan, options);
	return code == CLI_DONE ? ports_fit(plan, program) : code;
}

static void change_print(void *arg, enum place_change change, const char *path)
{
	const struct place *place = arg;

	printf("%-8s %s%s%s\n", place_change_word(change), place->root,
	       al_slice_ends(al_slice_str(place->root), "/") ? "" : "/", path);
}

static int program_restart(const struct resolver_program *program)
{
	const char *const argv[] = { "sh", "-c", program->after, NULL };
	int status = 0;

	if (process_run(argv, AL_S(""), true, NULL, &status) == AL_OK && status == 0)
		return CLI_DONE;
	return command_fail(CLI_REFUSED, "%s: gave %d; the files are in place", program->after, status);
}

static int files_install(const struct resolver_program *program, const struct resolver_options *options,
			 const struct render *render, struct place *place)
{
	int code = files_check(program, render);

	if (code != CLI_DONE)
		return code;
	if (place_compare(place, render, change_print, place) != AL_OK || place_apply(place, render) != AL_OK)
		return CLI_REFUSED;
	if (options->restart)
		return program_restart(program);
	printf("Next: %s\n", program->after);
	return CLI_DONE;
}

static int plan_run(struct resolver_plan *plan, const struct resolver_program *program,
		    const struct resolver_options *options, struct render *render, struct place *place)
{
	int code = plan_make(plan, program, options);

	if (code == CLI_DONE)
		code = files_render(program, plan, render);
	if (code == CLI_DONE && options->check)
		code = files_check(program, render);
	else if (code == CLI_DONE && options->install)
		code = files_install(program, options, render, place);
	for (size_t i = 0; code == CLI_DONE && !options->check && !options->install && i < render->count; i++)
		command_print(al_buf_view(&render->files[i].text));
	render_release(render);
	return code;
}

static int program_run(const struct resolver_program *program, const struct resolver_options *options,
		       struct place *place)
{
	struct resolver_plan *plan = calloc(1, sizeof(*plan));
	struct render *render = calloc(1, sizeof(*render));
	int code = plan != NULL && render != NULL ? plan_run(plan, program, options, render, place)
						  : command_fail(CLI_REFUSED, "out of memory");

	free(render);
	free(plan);
	return code;
}

int resolver_job(const char *name, const struct resolver_options *options)
{
	const struct resolver_program *program = resolver_program_find(name);
	char set[PLACE_SET_MAX];
	struct place place = { .root = options->root != NULL ? options->root : "/", .set = set };

	if (program == NULL)
		return command_fail(
			CLI_USAGE,
			"there is no configuration for \"%s\" here: unbound, bind, kresd, resolved or dnsmasq", name);
	if (options->check + options->install + options->undo > 1)
		return command_fail(CLI_USAGE, "--check, --install or --undo: one of them");
	if (options->check && program->check[0] == NULL)
		return command_fail(CLI_USAGE, "%s has no mode that reads a configuration without using it",
				    program->name);
	snprintf(set, sizeof(set), "resolver/%s", program->name);
	if (!options->undo)
		return program_run(program, options, &place);
	return place_undo(&place, change_print, &place) == AL_OK ? CLI_DONE : CLI_REFUSED;
}

static int run(const struct words *words, const void *arg)
{
	return resolver_job(words->word[0], arg);
}

static const struct command_form forms[] = {
	{ NULL, "PROGRAM", NULL, run },
};

static const struct option_row rows[] = {
	{ .name = "anchor",
	  .arg = "FILE",
	  OPTION_AT(struct resolver_options, anchors),
	  .meaning = "DS lines of the network's zones, as the hostmaster publishes them" },
	{ .name = "dir",
	  .arg = "DIR",
	  OPTION_AT(struct resolver_options, dir),
	  .meaning = "takes them from the authority in this folder" },
	{ .name = "dns",
	  .arg = "ADDR[:PORT]",
	  .most = RESOLVER_SERVERS_MAX,
	  OPTION_AT(struct resolver_options, dns),
	  .meaning = "a name server of the network",
	  .fallback = "the one that the registry names" },
	{ .name = "check",
	  OPTION_AT(struct resolver_options, check),
	  .meaning = "has the program read the configuration, and prints what it says" },
	{ .name = "install",
	  OPTION_AT(struct resolver_options, install),
	  .meaning = "puts the files where Debian has them, after that check; what was there is kept" },
	{ .name = "undo",
	  OPTION_AT(struct resolver_options, undo),
	  .meaning = "every file as it was before the first --install" },
	{ .name = "root",
	  .arg = "DIR",
	  OPTION_AT(struct resolver_options, root),
	  .meaning = "files go below DIR",
	  .fallback = "/" },
	REGISTRY_ROWS(struct resolver_options, registry),
};

const struct command command_resolver = {
	.name = "resolver",
	.group = GROUP_MEMBER,
	.help = "the network's names in a resolver: unbound, bind, kresd, resolved, dnsmasq",
	.notes = "Prints the configuration that makes PROGRAM ask the network's servers for the network's zones, and "
		 "validate\nwhat they say; all other names stay as they are.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct resolver_options),
};
