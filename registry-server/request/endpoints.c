/* SPDX-License-Identifier: MIT */
/*
 * endpoints.c -- where the network's services are.
 */
#include "endpoints.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "alamo/net/loop.h"

#define FILE_BYTES_MAX 8192
#define LOOK_MS 1000

void endpoints_init(struct endpoints *endpoints, const struct al_conf *conf)
{
	*endpoints = (struct endpoints){ .conf = conf };
	al_buf_init(&endpoints->text, ENDPOINTS_TEXT_MAX);
}

void endpoints_release(struct endpoints *endpoints)
{
	al_buf_release(&endpoints->text);
}

static bool line_ok(struct al_slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] < ' ' || line.ptr[i] > '~')
			return false;
	return line.len > 0 && memchr(line.ptr, ' ', line.len) != NULL;
}

static void file_take(const char *path, struct al_buf *out)
{
	char bytes[FILE_BYTES_MAX];
	FILE *file = fopen(path, "re");
	struct al_slice text, line;

	if (file == NULL)
		return;
	text = al_slice_of(bytes, fread(bytes, 1, sizeof(bytes), file));
	(void)fclose(file);
	while (al_slice_line(&text, &line))
		if (line_ok(line))
			al_buf_printf(out, "endpoint: %.*s\n", AL_FMT(line));
}

/* A daemon's file is called as the daemon; with a dot in it, it is being written. */
static void look(struct endpoints *endpoints)
{
	char dir[PATH_MAX], path[PATH_MAX];
	const struct dirent *entry;
	DIR *list;

	al_buf_reset(&endpoints->text);
	if (al_conf_path(endpoints->conf, "run/endpoints.d", dir, sizeof(dir)) != AL_OK ||
	    (list = opendir(dir)) == NULL)
		return;
	while ((entry = readdir(list)) != NULL) {
		int len = snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);

		if (strchr(entry->d_name, '.') == NULL && len > 0 && (size_t)len < sizeof(path))
			file_take(path, &endpoints->text);
	}
	closedir(list);
}

void endpoints_put(struct endpoints *endpoints, struct al_buf *out)
{
	uint64_t now = al_now_ms();

	if (endpoints->read_ms == 0 || now - endpoints->read_ms >= LOOK_MS) {
		look(endpoints);
		endpoints->read_ms = now;
	}
	if (endpoints->text.err == AL_OK)
		al_buf_slice(out, al_buf_view(&endpoints->text));
}
