/* SPDX-License-Identifier: MIT */
/*
 * node_apply.c -- see node_apply.h.
 */
#include "node_apply.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "command.h"
#include "node_conf.h"
#include "node_mesh.h"
#include "node_reload.h"
#include "place.h"
#include "process.h"
#include "render_mesh.h"

/* ---- running ---- */

/* "al-10000" of "etc/wireguard/al-10000.conf"; false: no tunnel's file. */
static bool tunnel_of(const char *path, char out[static RENDER_PATH_MAX])
{
	const char *name = strrchr(path, '/');
	size_t len = name != NULL ? strlen(name + 1) : 0;

	if (strncmp(path, "etc/wireguard/", 14) != 0 || len <= 5)
		return false;
	snprintf(out, RENDER_PATH_MAX, "%.*s", (int)(len - 5), name + 1);
	return true;
}

static void change_note(void *arg, enum place_change change, const char *path)
{
	struct node_changes *changes = arg;

	if (change == PLACE_SAME)
		return;
	changes->others++;
	changes->firewall = changes->firewall || strstr(path, "/alamo.nft") != NULL;
	changes->sysctl = changes->sysctl || strstr(path, "sysctl.d") != NULL;
	changes->units = changes->units || strstr(path, "systemd") != NULL;
	changes->daemons = changes->daemons || strcmp(path, RENDER_FRR_DAEMONS_PATH) == 0;
	changes->babel = changes->babel || strcmp(path, RENDER_BABEL_PATH) == 0;
	changes->mesh_gone = changes->mesh_gone || (change == PLACE_GONE && strcmp(path, RENDER_BABEL_PATH) == 0);
	if (changes->count < NODE_PEERS_MAX && tunnel_of(path, changes->tunnels[changes->count]))
		changes->how[changes->count++] = change;
}

bool node_changes_has(const struct node_changes *changes, const char *tunnel)
{
	for (size_t i = 0; i < changes->count; i++)
		if (strcmp(changes->tunnels[i], tunnel) == 0)
			return true;
	return false;
}

bool node_step(const char *const argv[])
{
	struct al_buf output;
	int status = 0;
	bool ok;

	al_buf_init(&output, 1u << 20);
	ok = process_run(argv, AL_S(""), true, &output, &status) == AL_OK && status == 0;
	if (!ok) {
		command_fail(CLI_REFUSED, "%s %s gave %d:", argv[0], argv[1], status);
		command_print_remote(al_buf_view(&output));
	}
	al_buf_release(&output);
	return ok;
}

/* A step that fails is said, and the next one is taken all the same. */
#define STEP(...) node_step((const char *const[]){ __VA_ARGS__, NULL })

static bool is_silent_success(const char *const argv[])
{
	struct al_buf output;
	int status = 0;
	bool ok;

	al_buf_init(&output, 1u << 20);
	ok = process_run(argv, AL_S(""), true, &output, &status) == AL_OK && status == 0;
	al_buf_release(&output);
	return ok;
}

/* Before the files change: wg-quick takes down by the file with which it took up. */
static void tunnels_down(const struct node_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		if (changes->how[i] != PLACE_NEW && if_nametoindex(changes->tunnels[i]) != 0)
			(void)STEP("wg-quick", "down", changes->tunnels[i]);
}

/* The set of own openings is in the kernel alone: the firewall is not loaded again without need. */
static bool firewall_load(bool changed)
{
	static const char *const there[] = { "nft", "list", "table", "inet", "alamo", NULL };

	return (!changed && is_silent_success(there)) || STEP("nft", "-f", "/etc/nftables.d/alamo.nft");
}

static bool tunnels_up(const struct render *render)
{
	char tunnel[RENDER_PATH_MAX];
	bool ok = true;

	for (size_t i = 0; i < render->count; i++)
		if (tunnel_of(render->files[i].path, tunnel) && if_nametoindex(tunnel) == 0)
			ok = STEP("wg-quick", "up", tunnel) && ok;
	return ok;
}

/* Where systemd is the init: the units are enabled, so that all of it is there after the next start. */
static bool units_enable(bool timer)
{
	const char *follower = timer ? "alamo-node.timer" : "alamo-node.service";

	if (access("/run/systemd/system", F_OK) != 0)
		return true;
	return STEP("systemctl", "daemon-reload") && STEP("systemctl", "enable", "alamo-address.service") &&
	       STEP("systemctl", "enable", "--now", "--no-block", follower);
}

/* ---- addresses ---- */

static const struct render_file *address_unit(const struct render *render)
{
	for (size_t i = 0; i < render->count; i++)
		if (strcmp(render->files[i].path, RENDER_ADDRESS_PATH) == 0)
			return &render->files[i];
	return NULL;
}

/* The next "ADDRESS/128" of the unit. */
static bool address_next(struct al_slice *rest, char out[static AL_PREFIX_STRLEN + 4])
{
	static const char before[] = "ExecStart=/sbin/ip -6 addr replace ";
	struct al_slice line, word;

	while (al_slice_line(rest, &line)) {
		if (!al_slice_starts(line, before))
			continue;
		line = al_slice_from(line, sizeof(before) - 1);
		if (al_slice_word(&line, "", &word) && al_slice_copy(word, out, AL_PREFIX_STRLEN + 4) == AL_OK)
			return true;
	}
	return false;
}

static bool address_in(const struct render_file *unit, const char *address)
{
	struct al_slice rest = al_buf_view(&unit->text);
	char one[AL_PREFIX_STRLEN + 4];

	while (address_next(&rest, one))
		if (strcmp(one, address) == 0)
			return true;
	return false;
}

/* Those of the unit that was in place and is not in the new one go; those of the new one come. */
static bool addresses_set(const struct render_file *before, const struct render_file *now)
{
	char address[AL_PREFIX_STRLEN + 4];
	struct al_slice rest = before != NULL ? al_buf_view(&before->text) : AL_S("");
	bool ok = true;

	while (address_next(&rest, address))
		if (!address_in(now, address)) {
			const char *const argv[] = { "ip", "-6", "addr", "del", address, "dev", "lo", NULL };

			(void)is_silent_success(argv);
		}
	rest = al_buf_view(&now->text);
	while (address_next(&rest, address))
		ok = STEP("ip", "-6", "addr", "replace", address, "dev", "lo") && ok;
	return ok;
}

/* Packets of the network by the network's table, where bird.conf is somebody else's; no rules where it is ours. */
static bool rules_set(const struct node_rendering *r)
{
	char super[AL_PREFIX_STRLEN], table[8], before[8];
	const char *const gone[][7] = { { "ip", "-6", "rule", "del", "priority", before, NULL },
					{ "ip", "-6", "rule", "del", "priority", table, NULL } };

	snprintf(table, sizeof(table), "%d", RENDER_KERNEL_TABLE);
	snprintf(before, sizeof(before), "%d", RENDER_KERNEL_TABLE - 1);
	al_prefix_format(&r->view.super, super);
	(void)is_silent_success(gone[0]);
	(void)is_silent_success(gone[1]);
	return r->render.whole || (STEP("ip", "-6", "rule", "add", "to", super, "lookup", "main",
					"suppress_prefixlength", "48", "priority", before) &&
				   STEP("ip", "-6", "rule", "add", "to", super, "lookup", table, "priority", table));
}

static bool programs_run(const struct node_rendering *r, const struct node_changes *changes,
			 const struct render_file *addresses)
{
	bool ok = addresses_set(addresses, address_unit(&r->render));

	if (changes->units)
		ok = rules_set(r) && ok;
	if (changes->sysctl)
		ok = STEP("sysctl", "-q", "-p", "/etc/sysctl.d/90-alamo.conf") && ok;
	ok = firewall_load(changes->firewall) && ok;
	ok = tunnels_up(&r->render) && ok;
	if (r->mesh != NODE_MESH_OFF)
		ok = node_mesh_start(r->mesh_address, changes->babel) && ok;
	if (changes->units)
		ok = units_enable(r->render.timer) && ok;
	return node_reload(r, changes) && ok;
}

/* One at a time: a person and the agent may both be at it. -1 (said): it cannot be held. */
static int lock_hold(const char *root)
{
	char path[PATH_MAX];
	int fd;

	if (node_path(root, "var/lib/alamo/node/lock", true, path) != AL_OK)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* From files in place to programs that use them; `before` is what was in place. */
static int files_place(const struct place *place, const struct node_rendering *r, const struct node_changes *changes,
		       const struct render *before)
{
	bool live = strcmp(place->root, "/") == 0;

	if (live && changes->mesh_gone)
		node_mesh_stop(&r->view.super);
	if (live)
		tunnels_down(changes);
	if (place_apply(place, &r->render) != AL_OK)
		return CLI_REFUSED;
	printf("log %llu: %zu of %zu files changed, %zu peers\n", (unsigned long long)r->view.size, changes->others,
	       r->render.count, r->view.peer_count);
	if (r->view.unsigned_count > 0)
		fprintf(stderr, "alamo: %zu links in the log are not as you signed them, and left out\n",
			r->view.unsigned_count);
	if (live && !programs_run(r, changes, address_unit(before)))
		return command_fail(CLI_REFUSED,
				    "the files are in place; mend what is said above, then `alamo node apply`");
	return CLI_DONE;
}

static int files_apply(const char *root, const struct node_rendering *r, struct node_changes *changes)
{
	const struct place place = { .root = root, .set = "node" };
	struct render *before = calloc(1, sizeof(*before));
	int code = CLI_REFUSED;

	if (before == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	if (place_check(&place, &r->render) == AL_OK &&
	    place_compare(&place, &r->render, change_note, changes) == AL_OK && place_read(&place, before) == AL_OK)
		code = files_place(&place, r, changes, before);
	render_release(before);
	free(before);
	return code;
}

int node_files_apply(const char *root, const struct node_rendering *r, struct node_changes *changes)
{
	int lock = lock_hold(root), code;

	if (lock < 0)
		return CLI_REFUSED;
	code = files_apply(root, r, changes);
	close(lock);
	return code;
}

int node_apply(const char *root, const struct log_read_options *where)
{
	struct node_rendering *r = NULL;
	struct node_changes *changes = calloc(1, sizeof(*changes));
	int code;

	if (changes == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	code = node_rendering_new(root, where, &r);
	if (code == CLI_DONE)
		code = node_files_apply(root, r, changes);
	node_rendering_free(r);
	free(changes);
	return code;
}

static bool has_mesh(const struct render *render)
{
	for (size_t i = 0; i < render->count; i++)
		if (strcmp(render->files[i].path, RENDER_BABEL_PATH) == 0)
			return true;
	return false;
}

int node_up(const char *root)
{
	const struct place place = { .root = root, .set = "node" };
	struct render *now = calloc(1, sizeof(*now));
	bool ok = now != NULL && place_read(&place, now) == AL_OK;

	if (ok && now->count > 0 && strcmp(root, "/") == 0)
		ok = STEP("sysctl", "-q", "-p", "/etc/sysctl.d/90-alamo.conf") && firewall_load(false) &&
		     tunnels_up(now) && (!has_mesh(now) || node_mesh_start(NULL, false));
	if (now != NULL)
		render_release(now);
	free(now);
	return ok ? CLI_DONE : CLI_REFUSED;
}
