/* SPDX-License-Identifier: MIT */
/*
 * cmd_init.c -- `alamo init`: a new authority in an empty directory.
 *
 * Keys, alamo.conf, the plan signed by the new hostmaster key as the first
 * requests; alamo-registryd decides about them and makes the ledger. After any
 * failure the directory is as empty (or absent) as before.
 */
#include "command.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/ident.h"
#include "alamo/net/conf.h"
#include "alamo/tlog/note.h"
#include "file.h"
#include "plan.h"
#include "process.h"
#include "member/sign.h"
#include "roa/roa_key.h"

#define REQUESTS_MAX 16

struct init {
	const char *dir;
	const char *plan_path; /* NULL: the default plan */
	const char *ports;
	const char *listen;
	struct al_buf text;   /* the plan as it is in the file */
	struct al_buf filled; /* with the hostmaster's key */
	char vkey[512];
	char requests[REQUESTS_MAX][PATH_MAX];
	size_t request_count;
	bool made_dir;
};

static int init_fail(const char *what)
{
	return command_fail(CLI_REFUSED, "%s: %s", what, strerror(errno));
}

/* Is the directory empty or absent? */
static int dir_check(const char *dir)
{
	DIR *list = opendir(dir);
	const struct dirent *entry;
	bool empty = true;

	if (list == NULL)
		return errno == ENOENT ? CLI_DONE : init_fail(dir);
	while ((entry = readdir(list)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			empty = false;
	closedir(list);
	return empty ? CLI_DONE : command_fail(CLI_REFUSED, "%s is not empty", dir);
}

static int dirs_make(struct init *init)
{
	static const struct {
		const char *name;
		mode_t mode;
	} dirs[] = { { "keys", 0755 }, { "run", 0755 } };
	char path[PATH_MAX];

	init->made_dir = mkdir(init->dir, 0755) == 0;
	if (!init->made_dir && errno != EEXIST)
		return init_fail(init->dir);
	for (size_t i = 0; i < AL_COUNT(dirs); i++)
		if (file_join(init->dir, dirs[i].name, path, sizeof(path)) != AL_OK || mkdir(path, dirs[i].mode) != 0)
			return init_fail(path);
	return CLI_DONE;
}

static int put_file(const struct init *init, const char *name, struct al_slice bytes, mode_t mode)
{
	char path[PATH_MAX];

	if (file_join(init->dir, name, path, sizeof(path)) != AL_OK || file_write(path, bytes, mode) != AL_OK)
		return init_fail(name);
	return CLI_DONE;
}

static void conf_port(struct al_buf *out, const struct init *init, const char *key)
{
	if (strcmp(init->ports, "any") == 0)
		al_buf_printf(out, "%s = 0\n", key);
}

static int conf_make(const struct init *init, const struct plan *plan)
{
	struct al_buf out;
	bool standard = strcmp(init->ports, "standard") == 0;
	int code;

	al_buf_init(&out, 16384);
	al_buf_printf(&out,
		      "# Authority of the network \"%s\". `alamo-registryd -n -c FILE` prints every key there is with\n"
		      "# its value and meaning; what is left out has its default.\n\n"
		      "[network]\nname = %s\n# Addresses to listen on, for every service that does not name its own.\n"
		      "listen = %s\n# default: above 1024, for a start without root; standard: 43, 53, 80, 323.\n"
		      "ports = %s\n",
		      plan->name, plan->name, init->listen, standard ? "standard" : "default");
	if (strcmp(init->ports, "any") == 0)
		al_buf_str(&out,
			   "# 0 takes any free port; run/endpoints says which, and a restart takes the same again.\n");
	al_buf_str(&out, "\n[registry]\n");
	conf_port(&out, init, "request-port");
	conf_port(&out, init, "stream-port");
	conf_port(&out, init, "http-port");
	al_buf_str(&out, "\n[whois]\n");
	conf_port(&out, init, "port");
	conf_port(&out, init, "http-port");
	al_buf_str(&out, "\n[dns]\n");
	conf_port(&out, init, "port");
	conf_port(&out, init, "http-port");
	al_buf_str(&out, "\n[rpki]\n");
	conf_port(&out, init, "port");
	conf_port(&out, init, "http-port");
	conf_port(&out, init, "tls-port");
	code = out.err == AL_OK ? put_file(init, "alamo.conf", al_buf_view(&out), 0644)
				: command_fail(CLI_REFUSED, "out of memory");
	al_buf_release(&out);
	return code;
}

static int log_key_make(struct init *init, const struct plan *plan)
{
	struct al_skey key;
	struct al_buf out;
	char name[AL_ORIGIN_MAX + 1];
	int code = CLI_DONE;

	snprintf(name, sizeof(name), "registry.%.200s/log", plan->tld);
	if (al_skey_generate(al_slice_str(name), &key) != AL_OK)
		return command_fail(CLI_REFUSED, "no key for the log");
	al_buf_init(&out, 4096);
	al_skey_format(&key, &out);
	al_buf_u8(&out, '\n');
	code = put_file(init, "keys/log.key", al_buf_view(&out), 0400);
	explicit_bzero(out.ptr, out.len);
	al_buf_reset(&out);
	al_vkey_format(&key.pub, &out);
	if (code == CLI_DONE)
		code = roa_key_make(init->dir, &key);
	al_skey_wipe(&key);
	if (code == CLI_DONE && al_slice_copy(al_buf_view(&out), init->vkey, sizeof(init->vkey)) != AL_OK)
		code = command_fail(CLI_REFUSED, "the log's name is too long");
	al_buf_u8(&out, '\n');
	if (code == CLI_DONE)
		code = put_file(init, "keys/log.pub", al_buf_view(&out), 0644);
	al_buf_release(&out);
	return code;
}

static int hostmaster_make(struct init *init, const struct plan *plan, char key[static PATH_MAX])
{
	struct al_buf public;
	char comment[PLAN_NAME_MAX + 16];
	int code = CLI_DONE;

	snprintf(comment, sizeof(comment), "hostmaster@%s", plan->name);
	if (file_join(init->dir, "keys/hostmaster", key, PATH_MAX) != AL_OK || sign_generate(key, comment) != AL_OK)
		return CLI_REFUSED;
	al_buf_init(&public, 4096);
	if (sign_public(key, &public) == AL_OK)
		plan_fill(al_buf_view(&init->text), al_buf_view(&public), &init->filled);
	if (init->filled.len == 0 || init->filled.err != AL_OK)
		code = command_fail(CLI_REFUSED, "the plan could not be filled in");
	al_buf_release(&public);
	return code;
}

/* Signs request `number` and writes it to a file of its own. */
static int request_sign(struct init *init, const struct plan *plan, const char *key, struct al_slice text)
{
	char ns[PLAN_NAME_MAX + 16], name[64];
	struct al_buf request;
	int code = CLI_REFUSED;

	if (init->request_count == REQUESTS_MAX)
		return command_fail(CLI_REFUSED, "the plan is too large");
	snprintf(ns, sizeof(ns), "registry@%s", plan->name);
	snprintf(name, sizeof(name), "run/genesis-%zu", init->request_count + 1);
	al_buf_init(&request, 1u << 17);
	al_buf_slice(&request, text);
	if (sign_text(key, ns, text, &request) == AL_OK)
		code = put_file(init, name, al_buf_view(&request), 0600);
	if (code == CLI_DONE && file_join(init->dir, name, init->requests[init->request_count++], PATH_MAX) != AL_OK)
		code = CLI_REFUSED;
	al_buf_release(&request);
	return code;
}

static int plan_fail(const struct init *init, const struct plan_error *why)
{
	const char *path = init->plan_path != NULL ? init->plan_path : "the plan";

	if (why->line > 0)
		return command_fail(CLI_USAGE, "%s: line %u: %s", path, why->line, why->text);
	return command_fail(CLI_USAGE, "%s: %s", path, why->text);
}

static int requests_make(struct init *init, const char *key)
{
	struct plan plan;
	struct al_buf text;
	struct plan_error why;
	size_t from = 0;
	unsigned number = 1;
	int code = CLI_DONE;

	if (plan_parse(al_buf_view(&init->filled), &plan, &why) != AL_OK)
		return plan_fail(init, &why);
	al_buf_init(&text, 1u << 17);
	while (code == CLI_DONE && plan_request(&plan, number++, &from, &text)) {
		code = text.err == AL_OK ? request_sign(init, &plan, key, al_buf_view(&text))
					 : command_fail(CLI_REFUSED, "out of memory");
		al_buf_reset(&text);
	}
	al_buf_release(&text);
	plan_release(&plan);
	return code;
}

/* What the registry has against the plan, by the lines of its file. False: it speaks of something else. */
static bool complaints_say(const struct init *init, struct al_slice said)
{
	struct plan_error why;
	bool any = false;

	while (plan_complaint(al_buf_view(&init->filled), &said, &why))
		any = plan_fail(init, &why) != CLI_DONE;
	return any;
}

static int ledger_make(struct init *init)
{
	char program[PATH_MAX], conf[PATH_MAX];
	const char *argv[REQUESTS_MAX + 5] = { program, "-c", conf, "--create" };
	struct al_buf said;
	int status = 1;
	enum al_err err;

	if (file_program("alamo-registryd", program, sizeof(program)) != AL_OK ||
	    file_join(init->dir, "alamo.conf", conf, sizeof(conf)) != AL_OK)
		return command_fail(CLI_REFUSED, "the path is too long");
	for (size_t i = 0; i < init->request_count; i++)
		argv[4 + i] = init->requests[i];
	al_buf_init(&said, 1u << 22);
	err = process_run(argv, AL_S(""), true, &said, &status);
	for (size_t i = 0; i < init->request_count; i++)
		(void)unlink(init->requests[i]);
	if (err != AL_OK || status != 0) {
		if (!complaints_say(init, al_buf_view(&said)))
			command_print_remote(al_buf_view(&said));
		command_fail(CLI_REFUSED, err != AL_OK ? "%s could not be run" : "%s did not take the plan", program);
	}
	al_buf_release(&said);
	return err == AL_OK && status == 0 ? CLI_DONE : CLI_REFUSED;
}

static int init_make(struct init *init, const struct plan *plan)
{
	char key[PATH_MAX];
	int code = dirs_make(init);

	if (code == CLI_DONE)
		code = log_key_make(init, plan);
	if (code == CLI_DONE)
		code = hostmaster_make(init, plan, key);
	if (code == CLI_DONE)
		code = conf_make(init, plan);
	if (code == CLI_DONE)
		code = requests_make(init, key);
	if (code == CLI_DONE)
		code = ledger_make(init);
	if (code != CLI_DONE) {
		file_remove_tree(init->dir, !init->made_dir);
		return code;
	}
	printf("The authority of network \"%s\" is in %s.\n"
	       "  keys/hostmaster   signs for the authority: keep a copy where this machine is not\n"
	       "  keys/log.key      signs the log; its public part, which clients pin, is\n"
	       "                    %s\n"
	       "Start it:           alamo up %s\n",
	       plan->name, init->dir, init->vkey, init->dir);
	return CLI_DONE;
}

static int init_plan(struct init *init)
{
	struct plan plan;
	struct plan_error why;
	int code;

	if (init->plan_path == NULL)
		al_buf_slice(&init->text, plan_default);
	else if (file_read(init->plan_path, &init->text) != AL_OK)
		return command_fail(CLI_USAGE, "%s: %s", init->plan_path, strerror(errno));
	if (plan_parse(al_buf_view(&init->text), &plan, &why) != AL_OK)
		return plan_fail(init, &why);
	code = init_make(init, &plan);
	plan_release(&plan);
	return code;
}

struct options {
	const char *plan, *ports, *listen;
};

/* What alamo.conf takes for `listen`; here, since after the plan nobody would look for the mistake in an option. */
static int listen_check(const char *listen)
{
	struct al_slice rest = al_slice_str(listen), one;
	struct al_prefix address;
	size_t count = 0;

	if (strpbrk(listen, "\r\n") != NULL)
		return command_fail(CLI_USAGE, "--listen: addresses separated by commas, on one line");
	for (; al_conf_next(&rest, &one); count++)
		if (al_addr_parse(one, &address) != AL_OK)
			return command_fail(CLI_USAGE,
					    "--listen: IP addresses without ports, separated by commas, not \"%.*s\"",
					    AL_FMT(one));
	return count > 0 ? CLI_DONE : command_fail(CLI_USAGE, "--listen: there is no address in it");
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct init init = {
		.dir = words->word[0],
		.plan_path = options->plan,
		.ports = options->ports != NULL ? options->ports : "default",
		.listen = options->listen != NULL ? options->listen : "127.0.0.1, ::1",
	};
	int code;

	code = listen_check(init.listen);
	if (code == CLI_DONE)
		code = dir_check(init.dir);
	if (code != CLI_DONE)
		return code;
	al_buf_init(&init.text, 1u << 20);
	al_buf_init(&init.filled, 1u << 20);
	code = init_plan(&init);
	al_buf_release(&init.text);
	al_buf_release(&init.filled);
	return code;
}

static const struct command_form forms[] = { { NULL, "DIR", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "plan",
	  .arg = "FILE",
	  OPTION_AT(struct options, plan),
	  .meaning = "the objects that the network begins with; @HOSTMASTER-KEY@ in it is the new hostmaster's key",
	  .fallback = "the plan that is compiled in" },
	{ .name = "ports",
	  .arg = "default|any|standard",
	  .choice = true,
	  OPTION_AT(struct options, ports),
	  .meaning = "ports above 1024; any that are free; or the well-known ones (43, 53, 80, 323)",
	  .fallback = "default" },
	{ .name = "listen",
	  .arg = "ADDRESSES",
	  OPTION_AT(struct options, listen),
	  .meaning = "addresses that the servers listen on, separated by commas",
	  .fallback = "127.0.0.1, ::1" },
};

const struct command command_init = {
	.name = "init",
	.group = GROUP_AUTHORITY,
	.help = "make a new authority in an empty directory",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
