/* SPDX-License-Identifier: MIT */
/*
 * generation.c -- see generation.h.
 */
#include "generation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/save.h"
#include "command.h"
#include "econtent.h"
#include "file.h"
#include "origin_set.h"
#include "rrdp.h"

#define PLACE "publications"
#define KEEP_S 3600
#define NAME_MAX_LEN 320

/* ---- reading ---- */

int generation_read(const char *dir, struct generation *out)
{
	struct al_buf text, set;
	bool absent = false;
	int code;

	*out = (struct generation){ 0 };
	issued_init(&out->issued);
	al_buf_init(&text, ISSUED_TEXT_MAX);
	al_buf_init(&set, ORIGIN_SET_MAX);
	code = rpki_store_read(dir, "current/issued", &text, &absent);
	if (code == CLI_DONE && !absent)
		code = rpki_store_read(dir, "current/set", &set, NULL);
	if (code == CLI_DONE && !absent &&
	    (issued_parse(al_buf_view(&text), &out->issued) != AL_OK ||
	     origin_set_read(al_buf_view(&set), out->issued.size, &out->set) != AL_OK))
		code = command_fail(CLI_REFUSED,
				    "%s/current is damaged: move it away, and the next publication begins anew", dir);
	al_buf_release(&text);
	al_buf_release(&set);
	return code;
}

void generation_release(struct generation *generation)
{
	issued_release(&generation->issued);
	vrp_set_unref(generation->set);
	*generation = (struct generation){ 0 };
}

/* ---- writing ---- */

struct writing {
	const struct rpki_store *store;
	const struct generation *before;
	struct issue *issue;
	char dir[PATH_MAX]; /* of the new publication, while it is made */
};

static int write_fail(const char *what)
{
	return command_fail(CLI_REFUSED, "%s: %s", what, strerror(errno));
}

/* All folders above the last slash. */
static bool folders_make(char *path)
{
	for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		bool ok;

		*at = '\0';
		ok = mkdir(path, 0755) == 0 || errno == EEXIST;
		*at = '/';
		if (!ok)
			return false;
	}
	return true;
}

static int put(const struct writing *w, const char *folder, const char *name, struct al_slice bytes)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s%s", w->dir, folder, name);

	if (len < 0 || (size_t)len >= sizeof(path) || !folders_make(path) ||
	    al_save(path, bytes, 0644, AL_SAVE_SEEN) != AL_OK)
		return write_fail(name);
	return CLI_DONE;
}

/* The file of the publication before, under the same name. */
static int keep(const struct writing *w, const char *folder, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];
	int a = snprintf(from, sizeof(from), "%s/current/%s%s", w->store->dir, folder, name);
	int b = snprintf(to, sizeof(to), "%s/%s%s", w->dir, folder, name);

	if (a < 0 || (size_t)a >= sizeof(from) || b < 0 || (size_t)b >= sizeof(to) || !folders_make(to) ||
	    link(from, to) != 0)
		return write_fail(name);
	return CLI_DONE;
}

static int repository_write(const struct writing *w)
{
	int code = CLI_DONE;

	for (size_t i = 0; i < w->issue->count && code == CLI_DONE; i++) {
		const struct issue_file *file = &w->issue->files[i];

		code = file->bytes.len > 0 ? put(w, "repository/", file->about.path, al_buf_view(&file->bytes))
					   : keep(w, "repository/", file->about.path);
	}
	return code;
}

/* ---- RRDP ---- */

static int bytes_of(const struct writing *w, const char *path, struct al_buf *out)
{
	char name[NAME_MAX_LEN];

	(void)snprintf(name, sizeof(name), "repository/%s", path);
	al_buf_reset(out);
	return rpki_store_read(w->dir, name, out, NULL);
}

static int snapshot_write(const struct writing *w)
{
	struct issued *next = &w->issue->next;
	char uri[CERT_URI_MAX], path[RRDP_PATH_MAX];
	struct al_buf text, bytes;
	int code = CLI_DONE;

	al_buf_init(&text, RRDP_TEXT_MAX);
	al_buf_init(&bytes, RRDP_TEXT_MAX);
	rrdp_open(&text, RRDP_SNAPSHOT, next);
	for (size_t i = 0; i < next->file_count && code == CLI_DONE; i++) {
		if (!rrdp_has(next->files[i].path))
			continue;
		code = bytes_of(w, next->files[i].path, &bytes);
		publisher_uri(&w->store->publisher, next->files[i].path, uri);
		rrdp_publish(&text, uri, NULL, al_buf_view(&bytes));
	}
	rrdp_close(&text, RRDP_SNAPSHOT);
	next->snapshot = econtent_hash(al_buf_view(&text));
	next->snapshot_bytes = text.len;
	rrdp_snapshot_path(next, path);
	if (code == CLI_DONE)
		code = text.err == AL_OK ? put(w, "rrdp/", path, al_buf_view(&text))
					 : command_fail(CLI_REFUSED, "the snapshot is too large");
	al_buf_release(&text);
	al_buf_release(&bytes);
	return code;
}

/* What is new or other, then what is gone. */
static int delta_text(const struct writing *w, struct al_buf *text)
{
	const struct issued *next = &w->issue->next, *before = &w->before->issued;
	char uri[CERT_URI_MAX];
	struct al_buf bytes;
	int code = CLI_DONE;

	al_buf_init(&bytes, RRDP_TEXT_MAX);
	rrdp_open(text, RRDP_DELTA, next);
	for (size_t i = 0; i < next->file_count && code == CLI_DONE; i++) {
		const struct issued_file *file = &next->files[i], *had = issued_find(before, file->path);

		if (!rrdp_has(file->path) || (had != NULL && al_hash_eq(&had->hash, &file->hash)))
			continue;
		code = bytes_of(w, file->path, &bytes);
		publisher_uri(&w->store->publisher, file->path, uri);
		rrdp_publish(text, uri, had != NULL ? &had->hash : NULL, al_buf_view(&bytes));
	}
	for (size_t i = 0; i < before->file_count; i++) {
		if (!rrdp_has(before->files[i].path) || issued_find(next, before->files[i].path) != NULL)
			continue;
		publisher_uri(&w->store->publisher, before->files[i].path, uri);
		rrdp_withdraw(text, uri, &before->files[i].hash);
	}
	rrdp_close(text, RRDP_DELTA);
	al_buf_release(&bytes);
	return code;
}

static int delta_write(const struct writing *w)
{
	struct issued *next = &w->issue->next;
	struct issued_delta delta = { .number = next->number };
	char path[RRDP_PATH_MAX];
	struct al_buf text;
	int code;

	al_buf_init(&text, RRDP_TEXT_MAX);
	code = delta_text(w, &text);
	delta.hash = econtent_hash(al_buf_view(&text));
	delta.bytes = text.len;
	rrdp_delta_path(next, &delta, path);
	if (code == CLI_DONE)
		code = text.err == AL_OK ? put(w, "rrdp/", path, al_buf_view(&text))
					 : command_fail(CLI_REFUSED, "the difference is too large");
	rrdp_keep(next, &w->before->issued, &delta);
	for (size_t i = 1; i < next->delta_count && code == CLI_DONE; i++) {
		rrdp_delta_path(next, &next->deltas[i], path);
		code = keep(w, "rrdp/", path);
	}
	al_buf_release(&text);
	return code;
}

static int rrdp_write(const struct writing *w)
{
	const struct issued *before = &w->before->issued;
	char path[RRDP_PATH_MAX];
	struct al_buf text;
	int code;

	if (w->store->publisher.notify[0] == '\0')
		return CLI_DONE;
	code = put(w, "rrdp/", "ta.cer", al_buf_view(&w->store->grant.cer));
	if (code == CLI_DONE)
		code = snapshot_write(w);
	if (code == CLI_DONE && before->snapshot_bytes > 0) {
		code = delta_write(w);
		/* Somebody may have read the last notification a moment ago. */
		rrdp_snapshot_path(before, path);
		if (code == CLI_DONE)
			code = keep(w, "rrdp/", path);
	}
	al_buf_init(&text, RRDP_TEXT_MAX);
	rrdp_notification(&text, &w->store->publisher, &w->issue->next);
	if (code == CLI_DONE)
		code = put(w, "rrdp/", strrchr(w->store->publisher.notify, '/') + 1, al_buf_view(&text));
	al_buf_release(&text);
	return code;
}

/* ---- the switch ---- */

static bool date(const struct writing *w, const char *folder, const char *name, time_t before)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s%s", w->dir, folder, name);

	return len >= 0 && (size_t)len < sizeof(path) && file_date_after(path, before);
}

/* Those that are new under a name that may have been there; `issued` has the date that the next publication goes by. */
static bool dates_write(const struct writing *w)
{
	const char *notify = strrchr(w->store->publisher.notify, '/');
	char last[PATH_MAX];
	time_t before = 0;
	bool ok;

	if (file_join(w->store->dir, "current/issued", last, sizeof(last)) == AL_OK)
		before = file_date(last);
	ok = date(w, "", "issued", before);
	for (size_t i = 0; i < w->issue->count && ok; i++)
		if (w->issue->files[i].bytes.len > 0)
			ok = date(w, "repository/", w->issue->files[i].about.path, before);
	if (ok && notify != NULL)
		ok = date(w, "rrdp/", notify + 1, before) && date(w, "rrdp/", "ta.cer", before);
	return ok;
}

static int records_write(const struct writing *w, const struct vrp_set *set)
{
	struct al_buf text;
	int code;

	al_buf_init(&text, ORIGIN_SET_MAX);
	origin_set_write(set, &text);
	code = text.err == AL_OK ? put(w, "", "set", al_buf_view(&text))
				 : command_fail(CLI_REFUSED, "too many records");
	al_buf_release(&text);
	al_buf_init(&text, ISSUED_TEXT_MAX);
	issued_format(&w->issue->next, &text);
	if (code == CLI_DONE)
		code = text.err == AL_OK ? put(w, "", "issued", al_buf_view(&text))
					 : command_fail(CLI_REFUSED, "too many files");
	al_buf_release(&text);
	return code;
}

/* Everything is on the disk before a name leads to it. */
static int switch_over(const struct writing *w)
{
	char done[PATH_MAX], fresh[PATH_MAX], current[PATH_MAX], target[64];
	int fd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && dates_write(w) && syncfs(fd) == 0;

	if (fd >= 0)
		(void)close(fd);
	(void)snprintf(target, sizeof(target), PLACE "/%" PRIu64, w->issue->next.number);
	if (!ok || file_join(w->store->dir, target, done, sizeof(done)) != AL_OK ||
	    file_join(w->store->dir, "current.new", fresh, sizeof(fresh)) != AL_OK ||
	    file_join(w->store->dir, "current", current, sizeof(current)) != AL_OK)
		return write_fail(w->dir);
	file_remove_tree(done, false);
	(void)unlink(fresh);
	/* It is from now on that the last one is no longer the newest (generation_clean()). */
	(void)utimensat(AT_FDCWD, current, NULL, 0);
	if (rename(w->dir, done) != 0 || symlink(target, fresh) != 0 || rename(fresh, current) != 0)
		return write_fail(current);
	return CLI_DONE;
}

int generation_write(const struct rpki_store *store, const struct generation *before, struct issue *issue,
		     const struct vrp_set *set)
{
	struct writing w = { .store = store, .before = before, .issue = issue };
	int code = CLI_DONE;

	if (before->issued.number != 0)
		memcpy(issue->next.session, before->issued.session, sizeof(issue->next.session));
	else
		rrdp_session(&store->publisher.log, issue->next.number, issue->next.session);
	if (file_join(store->dir, PLACE "/new", w.dir, sizeof(w.dir)) != AL_OK)
		return command_fail(CLI_USAGE, "%s: the path is too long", store->dir);
	file_remove_tree(w.dir, false);
	code = repository_write(&w);
	if (code == CLI_DONE)
		code = rrdp_write(&w);
	if (code == CLI_DONE)
		code = records_write(&w, set);
	if (code == CLI_DONE)
		code = switch_over(&w);
	if (code != CLI_DONE)
		file_remove_tree(w.dir, false);
	return code;
}

void generation_clean(const char *dir, uint64_t now)
{
	char place[PATH_MAX], path[PATH_MAX], current[PATH_MAX] = "";
	const struct dirent *entry;
	struct stat info;
	DIR *list;

	if (file_join(dir, "current", path, sizeof(path)) != AL_OK || realpath(path, current) == NULL ||
	    file_join(dir, PLACE, path, sizeof(path)) != AL_OK || realpath(path, place) == NULL)
		return;
	list = opendir(place);
	while (list != NULL && (entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.' && file_join(place, entry->d_name, path, sizeof(path)) == AL_OK &&
		    strcmp(path, current) != 0 && stat(path, &info) == 0 && (uint64_t)info.st_mtime + KEEP_S < now)
			file_remove_tree(path, false);
	if (list != NULL)
		(void)closedir(list);
}
