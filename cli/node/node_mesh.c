/* SPDX-License-Identifier: MIT */
/*
 * node_mesh.c -- see node_mesh.h.
 */
#include "node_mesh.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "address.h"
#include "command.h"
#include "node_key.h"
#include "render_mesh.h"

#define UNIT "alamo-mesh.service"
#define ANSWER_S 3 /* babeld answers from memory */

enum al_err node_mesh_address(const uint8_t key[static 32], const struct al_prefix *super,
			      char out[static AL_PREFIX_STRLEN])
{
	struct al_prefix address;
	enum al_err err = mesh_address(super, 0, key, &address);

	if (err == AL_OK)
		al_addr_format(&address, out);
	else
		command_fail(CLI_REFUSED, "the network's prefix has no mesh half: its length is no multiple of 4");
	return err;
}

/* ---- programs ---- */

#define STEP(...) node_step((const char *const[]){ __VA_ARGS__, NULL })
#define DAEMON "--pidfile", RENDER_BABEL_PID, "--exec", "/usr/sbin/babeld"

static bool has_systemd(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

static bool babeld_stop(void)
{
	return STEP("start-stop-daemon", "--stop", "--quiet", "--oknodo", "--retry", "TERM/5/KILL/5", DAEMON);
}

static const char conf_in_place[] = "/" RENDER_BABEL_PATH;

/* Where nobody else starts services, it is started here. */
static bool babeld_start(bool changed)
{
	if (changed && !babeld_stop())
		return false;
	return STEP("start-stop-daemon", "--start", "--quiet", "--oknodo", DAEMON, "--", "-D", "-I", RENDER_BABEL_PID,
		    "-L", "/var/lib/alamo/node/babeld.log", "-c", conf_in_place);
}

bool node_mesh_start(const char *address, bool changed)
{
	char with_length[AL_PREFIX_STRLEN + 4];
	bool ok = true;

	if (address != NULL) {
		snprintf(with_length, sizeof(with_length), "%s/128", address);
		ok = STEP("ip", "-6", "addr", "replace", with_length, "dev", "lo");
	}
	/* The file replaces its whole table at once. */
	ok = STEP("nft", "-f", "/" RENDER_MESH_NFT_PATH) && ok;
	if (!has_systemd())
		return babeld_start(changed) && ok;
	return STEP("systemctl", "daemon-reload") && STEP("systemctl", "enable", "--quiet", UNIT) &&
	       STEP("systemctl", changed ? "restart" : "start", UNIT) && ok;
}

void node_mesh_stop(const struct al_prefix *super)
{
	char address[AL_PREFIX_STRLEN], with_length[AL_PREFIX_STRLEN + 4];
	struct node_mesh_key key;

	if (has_systemd())
		(void)STEP("systemctl", "disable", "--quiet", "--now", UNIT);
	else
		(void)babeld_stop();
	(void)STEP("nft", "delete", "table", "inet", "alamo_mesh");
	if (node_mesh_key("/", false, &key) != AL_OK || node_mesh_address(key.public, super, address) != AL_OK)
		return;
	sodium_memzero(&key, sizeof(key));
	snprintf(with_length, sizeof(with_length), "%s/128", address);
	(void)STEP("ip", "-6", "addr", "del", with_length, "dev", "lo");
}

/* ---- babeld's socket ---- */

static int socket_open(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = RENDER_BABEL_SOCKET };
	const struct timeval patience = { .tv_sec = ANSWER_S };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Banner and dump end with a line "ok" each; `quit` ends the connection behind them. */
enum al_err node_mesh_ask(struct al_buf *out)
{
	static const char asked[] = "dump\nquit\n";
	int fd = socket_open();
	char bytes[4096];
	ssize_t n = -1;

	al_buf_reset(out);
	if (fd < 0)
		return AL_ECLOSED;
	if (send(fd, asked, sizeof(asked) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(asked) - 1)
		while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
			al_buf_slice(out, al_slice_of(bytes, (size_t)n));
	close(fd);
	return n == 0 && out->err == AL_OK ? AL_OK : AL_ECLOSED;
}

/* The word behind `name` in "add neighbour 5f3 address fe80::1 if al-10000 reach ffff ...". */
static struct al_slice word_after(struct al_slice line, const char *name)
{
	struct al_slice word;

	while (al_slice_word(&line, "", &word))
		if (al_slice_is(word, name))
			return al_slice_word(&line, "", &word) ? word : AL_S("");
	return AL_S("");
}

static bool begins(struct al_slice line, const char *what)
{
	struct al_slice word;

	return al_slice_word(&line, "", &word) && al_slice_is(word, "add") && al_slice_word(&line, "", &word) &&
	       al_slice_is(word, what);
}

/* 65535 is babel's infinity (RFC 8966 section 3.5.2): it was heard, and is heard no more. */
bool node_mesh_heard(struct al_slice dump, const char *interface)
{
	struct al_slice line;

	while (al_slice_line(&dump, &line))
		if (begins(line, "neighbour") && al_slice_is(word_after(line, "if"), interface) &&
		    !al_slice_is(word_after(line, "cost"), "65535"))
			return true;
	return false;
}

struct node_mesh_routes node_mesh_routes(struct al_slice dump, const struct al_prefix *super)
{
	struct node_mesh_routes found = { 0 };
	struct al_prefix prefix;
	struct al_slice line;

	while (al_slice_line(&dump, &line)) {
		if (!begins(line, "route") || !al_slice_is(word_after(line, "installed"), "yes") ||
		    al_prefix_parse(word_after(line, "prefix"), &prefix) != AL_OK)
			continue;
		found.nodes += mesh_kind_of(super, &prefix) == MESH_NODE;
		found.out = found.out || mesh_kind_of(super, &prefix) == MESH_ROUTED;
	}
	return found;
}
