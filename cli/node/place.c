/* SPDX-License-Identifier: MIT */
/*
 * place.c -- see place.h.
 */
#include "place.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "node_conf.h"
#include "process.h"
#include "render_mesh.h"

#define BABEL_NONE "/dev/null/none"
#define HOME "var/lib/alamo/"
#define HOME_PATH_MAX (RENDER_PATH_MAX + sizeof(HOME) + PLACE_SET_MAX + sizeof("/before/"))
#define FILE_BYTES_MAX (4u << 20)

const char *place_change_word(enum place_change change)
{
	static const char *const words[] = {
		[PLACE_SAME] = "same", [PLACE_NEW] = "new", [PLACE_CHANGED] = "changed", [PLACE_GONE] = "gone"
	};

	return words[change];
}

/* A path of the set's own: "before/etc/bird/bird.conf" below its folder. */
static const char *home_path_of(const struct place *place, const char *kind, const char *rest,
				char out[static HOME_PATH_MAX])
{
	snprintf(out, HOME_PATH_MAX, HOME "%.*s/%s%s", PLACE_SET_MAX, place->set, kind, rest);
	return out;
}

/* ---- reading ---- */

/* AL_ENOTFOUND: no such file. Other failures are said. */
static enum al_err bytes_read(const struct place *place, const char *rest, struct al_buf *out)
{
	char path[PATH_MAX];
	enum al_err err = node_path(place->root, rest, false, path);

	al_buf_reset(out);
	if (err != AL_OK)
		return err;
	err = file_read(path, out);
	if (err == AL_OK)
		return AL_OK;
	if (errno == ENOENT)
		return AL_ENOTFOUND;
	command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	return err;
}

/* A file is its folder's: bird reads /etc/bird as the user bird when it is told to look again. */
static void owner_follow(const char *path)
{
	char folder[PATH_MAX];
	struct stat st;

	snprintf(folder, sizeof(folder), "%s", path);
	if (strrchr(folder, '/') == NULL || geteuid() != 0)
		return;
	*strrchr(folder, '/') = '\0';
	if (stat(folder, &st) == 0 && (st.st_uid != 0 || st.st_gid != 0))
		(void)!chown(path, st.st_uid, st.st_gid);
}

static enum al_err bytes_write(const struct place *place, const char *rest, struct al_slice bytes, unsigned mode)
{
	char path[PATH_MAX];
	enum al_err err = node_path(place->root, rest, true, path);

	if (err != AL_OK)
		return err;
	err = file_write(path, bytes, mode);
	if (err != AL_OK)
		command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	else
		owner_follow(path);
	return err;
}

static bool is_rendered(const struct render *render, struct al_slice path)
{
	for (size_t i = 0; i < render->count; i++)
		if (al_slice_is(path, render->files[i].path))
			return true;
	return false;
}

/* Paths that were put in place, a line each. Empty when nothing was. */
static enum al_err list_read(const struct place *place, struct al_buf *list)
{
	char path[HOME_PATH_MAX];
	enum al_err err = bytes_read(place, home_path_of(place, "files", "", path), list);

	return err == AL_ENOTFOUND ? AL_OK : err;
}

/* The next line that is a path of ours: relative, without "..". */
static bool list_next(struct al_slice *rest, char path[static RENDER_PATH_MAX])
{
	struct al_slice line;

	while (al_slice_line(rest, &line))
		if (line.len > 0 && line.ptr[0] != '/' && al_slice_copy(line, path, RENDER_PATH_MAX) == AL_OK &&
		    strstr(path, "..") == NULL)
			return true;
	return false;
}

/* ---- comparing ---- */

static enum al_err file_compare(const struct place *place, const struct render_file *file, struct al_buf *now,
				enum place_change *change)
{
	enum al_err err = bytes_read(place, file->path, now);

	*change = PLACE_NEW;
	if (err == AL_ENOTFOUND)
		return AL_OK;
	*change = al_slice_eq(al_buf_view(now), al_buf_view(&file->text)) ? PLACE_SAME : PLACE_CHANGED;
	return err;
}

enum al_err place_compare(const struct place *place, const struct render *render, place_fn tell, void *arg)
{
	char path[RENDER_PATH_MAX];
	struct al_buf now;
	struct al_slice rest;
	enum place_change change;
	enum al_err err = AL_OK;

	al_buf_init(&now, FILE_BYTES_MAX);
	for (size_t i = 0; i < render->count && err == AL_OK; i++) {
		err = file_compare(place, &render->files[i], &now, &change);
		if (err == AL_OK)
			tell(arg, change, render->files[i].path);
	}
	if (err == AL_OK)
		err = list_read(place, &now);
	rest = al_buf_view(&now);
	while (err == AL_OK && list_next(&rest, path))
		if (!is_rendered(render, al_slice_str(path)))
			tell(arg, PLACE_GONE, path);
	al_buf_release(&now);
	return err;
}

/* ---- checking ---- */

/* `good` (NULL: an exit code of 0): what the program says of a file that it takes. */
static enum al_err program_run(const char *const argv[], const char *path, const char *good)
{
	struct al_buf output;
	enum al_err err;
	bool taken;
	int status;

	al_buf_init(&output, FILE_BYTES_MAX);
	err = process_run(argv, AL_S(""), true, &output, &status);
	taken = err == AL_OK &&
		(good == NULL ? status == 0 : memmem(output.ptr, output.len, good, strlen(good)) != NULL);
	if (err == AL_ENOTFOUND) {
		err = AL_OK;
		fprintf(stderr, "alamo: %s is not installed: %s was not checked by it\n", argv[0], path);
	} else if (err == AL_OK && !taken) {
		command_fail(CLI_REFUSED, "%s refuses %s:", argv[0], path);
		command_print_remote(al_buf_view(&output));
		err = AL_EINVAL;
	}
	al_buf_release(&output);
	return err;
}

/*
 * In files as on its command line vtysh takes "| " for a pipe: -f and -b leave the line out, and end with 0; -C finds it good.
 * Of one's own lines only, since we write none.
 */
static enum al_err frr_check(const struct render_file *file, const char *path)
{
	const char *const argv[] = { "vtysh", "-C", "-f", path, NULL };
	struct al_slice rest = al_buf_view(&file->text), line;

	while (al_slice_line(&rest, &line)) {
		struct al_slice words = al_slice_trim(line);

		if (memmem(words.ptr, words.len, "| ", 2) == NULL || words.ptr[0] == '!' || words.ptr[0] == '#')
			continue;
		command_fail(CLI_REFUSED,
			     "%s: FRR leaves a line with \"| \" out and does not say so: write it without the blank, "
			     "or a line for "
			     "each case: %.*s",
			     file->path, AL_FMT(words));
		return AL_EINVAL;
	}
	return program_run(argv, file->path, NULL);
}

static enum al_err file_check(const struct place *place, const struct render_file *file)
{
	char path[PATH_MAX], rest[HOME_PATH_MAX];
	enum al_err err;

	err = node_path(place->root, home_path_of(place, "try/", file->path, rest), false, path);
	if (err != AL_OK)
		return err;
	if (strstr(file->path, "etc/bird/") != NULL)
		return program_run((const char *const[]){ "bird", "-p", "-c", path, NULL }, file->path, NULL);
	/* Checking asks the kernel, which lets nobody but root. */
	if (strstr(file->path, ".nft") != NULL && geteuid() == 0)
		return program_run((const char *const[]){ "nft", "-c", "-f", path, NULL }, file->path, NULL);
	if (strstr(file->path, "etc/wireguard/") != NULL)
		return program_run((const char *const[]){ "wg-quick", "strip", path, NULL }, file->path, NULL);
	if (strcmp(file->path, RENDER_FRR_PATH) == 0)
		return frr_check(file, path);
	/* babeld has no way to check: it stops at the second file, which is none, before it does anything, or at the first. */
	if (strcmp(file->path, RENDER_BABEL_PATH) == 0)
		return program_run((const char *const[]){ "babeld", "-c", path, "-c", BABEL_NONE, NULL }, file->path,
				   "configuration from file " BABEL_NONE);
	return AL_OK;
}

/* alamo.conf is read as bird will: by a bird.conf that includes it, once all its files are there. */
static enum al_err bird_check(const struct place *place, const struct render *render)
{
	static const struct render_file frame = { .path = "etc/bird/check.conf" };
	char path[HOME_PATH_MAX];
	enum al_err err;

	if (render->router != NODE_BIRD)
		return AL_OK;
	err = bytes_write(place, home_path_of(place, "try/", frame.path, path),
			  AL_S("router id 10.0.0.1;\nprotocol device { }\ninclude \"alamo.conf\";\n"), 0600);
	return err == AL_OK ? file_check(place, &frame) : err;
}

enum al_err place_check(const struct place *place, const struct render *render)
{
	char dir[PATH_MAX], rest[HOME_PATH_MAX];
	enum place_change change;
	struct al_buf now;
	enum al_err err = AL_OK;

	for (size_t i = 0; i < render->count && err == AL_OK; i++)
		err = bytes_write(place, home_path_of(place, "try/", render->files[i].path, rest),
				  al_buf_view(&render->files[i].text), 0600);
	if (err == AL_OK)
		err = bird_check(place, render);
	al_buf_init(&now, FILE_BYTES_MAX);
	for (size_t i = 0; i < render->count && err == AL_OK; i++) {
		if (strstr(render->files[i].path, "etc/bird/") != NULL)
			continue;
		err = file_compare(place, &render->files[i], &now, &change);
		/* What is in place was read when it came. */
		if (err == AL_OK && change != PLACE_SAME)
			err = file_check(place, &render->files[i]);
	}
	al_buf_release(&now);
	if (node_path(place->root, home_path_of(place, "try/", "", rest), false, dir) == AL_OK)
		file_remove_tree(dir, false);
	return err;
}

/* ---- putting in place ---- */

/* Owner and mode come back too. */
static enum al_err status_copy(const struct place *place, const char *from, const char *to)
{
	char source[PATH_MAX], target[PATH_MAX];
	struct stat st;

	if (node_path(place->root, from, false, source) != AL_OK || node_path(place->root, to, false, target) != AL_OK)
		return AL_ELIMIT;
	if (stat(source, &st) == 0 && (geteuid() != 0 || chown(target, st.st_uid, st.st_gid) == 0) &&
	    chmod(target, st.st_mode & 07777u) == 0)
		return AL_OK;
	command_fail(CLI_REFUSED, "%s: %s", target, strerror(errno));
	return AL_ESYS;
}

/* A symbolic link at `to` that leads where the one at `from` does. AL_ENOTFOUND: that is none. */
static enum al_err link_copy(const struct place *place, const char *from, const char *to)
{
	char source[PATH_MAX], target[PATH_MAX], leads[PATH_MAX];
	enum al_err err = node_path(place->root, from, false, source);
	ssize_t len;

	if (err == AL_OK)
		err = node_path(place->root, to, true, target);
	if (err != AL_OK)
		return err;
	len = readlink(source, leads, sizeof(leads) - 1);
	if (len < 0)
		return AL_ENOTFOUND;
	leads[len] = '\0';
	(void)unlink(target);
	if (symlink(leads, target) == 0)
		return AL_OK;
	command_fail(CLI_REFUSED, "%s: %s", target, strerror(errno));
	return AL_ESYS;
}

/* Keeps what somebody else put there. What is ours already was kept the first time. */
static enum al_err before_keep(const struct place *place, const struct render_file *file, struct al_slice list,
			       struct al_buf *bytes)
{
	char rest[HOME_PATH_MAX], path[RENDER_PATH_MAX];
	enum al_err err;

	while (list_next(&list, path))
		if (strcmp(path, file->path) == 0)
			return AL_OK;
	(void)home_path_of(place, "before/", file->path, rest);
	err = link_copy(place, file->path, rest);
	if (err != AL_ENOTFOUND)
		return err;
	err = bytes_read(place, file->path, bytes);
	if (err == AL_ENOTFOUND)
		return AL_OK;
	if (err == AL_OK)
		err = bytes_write(place, rest, al_buf_view(bytes), 0600);
	return err == AL_OK ? status_copy(place, file->path, rest) : err;
}

/* Back to what was there, or to nothing. */
static enum al_err before_restore(const struct place *place, const char *file, struct al_buf *bytes)
{
	char rest[HOME_PATH_MAX], path[PATH_MAX], kept[PATH_MAX];
	enum al_err err;

	(void)home_path_of(place, "before/", file, rest);
	err = node_path(place->root, file, false, path);
	if (err == AL_OK)
		err = node_path(place->root, rest, false, kept);
	if (err == AL_OK)
		err = link_copy(place, rest, file);
	if (err == AL_OK) {
		(void)unlink(kept);
		return AL_OK;
	}
	if (err == AL_ENOTFOUND)
		err = bytes_read(place, rest, bytes);
	if (err == AL_OK) {
		err = bytes_write(place, file, al_buf_view(bytes), 0600);
		if (err == AL_OK)
			err = status_copy(place, rest, file);
		if (err == AL_OK)
			(void)unlink(kept);
		return err;
	}
	if (err == AL_ENOTFOUND && (unlink(path) == 0 || errno == ENOENT))
		return AL_OK;
	if (err == AL_ENOTFOUND)
		command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	return AL_EIO;
}

/* The list names a path before the file is there, so that nothing of ours is ever unknown. */
static enum al_err list_write(const struct place *place, const struct render *render)
{
	char path[HOME_PATH_MAX];
	struct al_buf list;
	enum al_err err;

	al_buf_init(&list, FILE_BYTES_MAX);
	for (size_t i = 0; i < render->count; i++)
		al_buf_printf(&list, "%s\n", render->files[i].path);
	err = list.err == AL_OK ? bytes_write(place, home_path_of(place, "files", "", path), al_buf_view(&list), 0644)
				: list.err;
	al_buf_release(&list);
	return err;
}

enum al_err place_apply(const struct place *place, const struct render *render)
{
	char path[RENDER_PATH_MAX];
	struct al_buf list, bytes;
	struct al_slice rest;
	enum al_err err;

	al_buf_init(&list, FILE_BYTES_MAX);
	al_buf_init(&bytes, FILE_BYTES_MAX);
	err = list_read(place, &list);
	for (size_t i = 0; i < render->count && err == AL_OK; i++)
		err = before_keep(place, &render->files[i], al_buf_view(&list), &bytes);
	rest = al_buf_view(&list);
	while (err == AL_OK && list_next(&rest, path))
		if (!is_rendered(render, al_slice_str(path)))
			err = before_restore(place, path, &bytes);
	if (err == AL_OK)
		err = list_write(place, render);
	for (size_t i = 0; i < render->count && err == AL_OK; i++)
		err = bytes_write(place, render->files[i].path, al_buf_view(&render->files[i].text),
				  render->files[i].mode);
	al_buf_release(&bytes);
	al_buf_release(&list);
	return err;
}

enum al_err place_read(const struct place *place, struct render *out)
{
	char path[RENDER_PATH_MAX], full[PATH_MAX];
	struct al_buf list;
	struct al_slice rest;
	struct stat st;
	enum al_err err;

	out->count = 0;
	al_buf_init(&list, FILE_BYTES_MAX);
	err = list_read(place, &list);
	rest = al_buf_view(&list);
	while (err == AL_OK && out->count < RENDER_FILES_MAX && list_next(&rest, path)) {
		struct render_file *file = &out->files[out->count];

		snprintf(file->path, sizeof(file->path), "%s", path);
		al_buf_init(&file->text, FILE_BYTES_MAX);
		out->count++;
		err = bytes_read(place, path, &file->text);
		if (err == AL_OK)
			err = node_path(place->root, path, false, full);
		if (err == AL_OK)
			file->mode = stat(full, &st) == 0 ? st.st_mode & 0777u : 0600;
		if (err == AL_ENOTFOUND) {
			al_buf_release(&file->text);
			out->count--;
			err = AL_OK;
		}
	}
	al_buf_release(&list);
	return err;
}

enum al_err place_undo(const struct place *place, place_fn tell, void *arg)
{
	char path[RENDER_PATH_MAX], own[HOME_PATH_MAX], file[PATH_MAX];
	struct al_buf list, bytes;
	struct al_slice rest;
	enum al_err err;

	al_buf_init(&list, FILE_BYTES_MAX);
	al_buf_init(&bytes, FILE_BYTES_MAX);
	err = list_read(place, &list);
	rest = al_buf_view(&list);
	while (err == AL_OK && list_next(&rest, path)) {
		err = before_restore(place, path, &bytes);
		if (err == AL_OK)
			tell(arg, PLACE_GONE, path);
	}
	if (err == AL_OK && node_path(place->root, home_path_of(place, "files", "", own), false, file) == AL_OK)
		(void)unlink(file);
	al_buf_release(&bytes);
	al_buf_release(&list);
	return err;
}
