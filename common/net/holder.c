/* SPDX-License-Identifier: MIT */
/*
 * holder.c -- which process has a port: /proc/net (proc(5)) has the socket's inode, /proc/PID/fd who holds that.
 */
#include "alamo/net/bind.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKETS_MAX 16
#define STATE_LISTEN "0A"

struct sockets {
	uint64_t inode[SOCKETS_MAX];
	size_t count;
};

/* "sl local:PORT remote:PORT state queues timer retransmits uid timeout inode ...", ports and state in hexadecimal. */
static void line_take(struct al_slice line, bool tcp, uint16_t port, struct sockets *sockets)
{
	enum { LOCAL = 1, STATE = 3, INODE = 9, FIELDS };
	struct al_slice fields[FIELDS];
	char wanted[8];
	uint64_t inode;

	for (size_t i = 0; i < FIELDS; i++)
		if (!al_slice_word(&line, "", &fields[i]))
			return;
	(void)snprintf(wanted, sizeof(wanted), ":%04X", port);
	if (!al_slice_ends(fields[LOCAL], wanted) || (tcp && !al_slice_is(fields[STATE], STATE_LISTEN)) ||
	    al_slice_u64(fields[INODE], UINT64_MAX, &inode) != AL_OK)
		return;
	if (inode != 0 && sockets->count < SOCKETS_MAX)
		sockets->inode[sockets->count++] = inode;
}

static void sockets_find(uint16_t port, struct sockets *sockets)
{
	static const char *const tables[] = { "tcp", "tcp6", "udp", "udp6" };
	char path[64], line[512];

	for (size_t i = 0; i < AL_COUNT(tables); i++) {
		snprintf(path, sizeof(path), "/proc/self/net/%s", tables[i]);
		FILE *file = fopen(path, "re");

		while (file != NULL && fgets(line, sizeof(line), file) != NULL)
			line_take(al_slice_str(line), tables[i][0] == 't', port, sockets);
		if (file != NULL)
			fclose(file);
	}
}

static bool socket_is(const struct sockets *sockets, int fds, const char *name)
{
	char target[64], wanted[64];
	ssize_t len = readlinkat(fds, name, target, sizeof(target) - 1);

	if (len < 0)
		return false;
	target[len] = '\0';
	for (size_t i = 0; i < sockets->count; i++) {
		snprintf(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", sockets->inode[i]);
		if (strcmp(target, wanted) == 0)
			return true;
	}
	return false;
}

/* Others' processes are closed to us, unless we are root. */
static bool process_has(const struct sockets *sockets, const char *pid)
{
	char path[NAME_MAX + 16];
	bool has = false;
	const struct dirent *entry;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	fds = opendir(path);
	while (fds != NULL && !has && (entry = readdir(fds)) != NULL)
		has = socket_is(sockets, dirfd(fds), entry->d_name);
	if (fds != NULL)
		closedir(fds);
	return has;
}

static void holder_name(const char *pid, char out[static AL_BIND_HOLDER_LEN])
{
	char path[NAME_MAX + 16], name[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (file != NULL && fgets(name, sizeof(name), file) != NULL)
		name[strcspn(name, "\n")] = '\0';
	if (file != NULL)
		fclose(file);
	for (char *at = name; *at != '\0'; at++)
		if (!isprint((unsigned char)*at))
			*at = '?';
	snprintf(out, AL_BIND_HOLDER_LEN, "PID %.20s%s%s%s", pid, name[0] != '\0' ? " (" : "", name,
		 name[0] != '\0' ? ")" : "");
}

bool al_bind_holder(uint16_t port, char out[static AL_BIND_HOLDER_LEN])
{
	struct sockets sockets = { .count = 0 };
	const struct dirent *entry;
	bool found = false;
	DIR *processes;

	sockets_find(port, &sockets);
	processes = sockets.count > 0 ? opendir("/proc") : NULL;
	while (processes != NULL && !found && (entry = readdir(processes)) != NULL) {
		found = isdigit((unsigned char)entry->d_name[0]) && process_has(&sockets, entry->d_name);
		if (found)
			holder_name(entry->d_name, out);
	}
	if (processes != NULL)
		closedir(processes);
	return found;
}
