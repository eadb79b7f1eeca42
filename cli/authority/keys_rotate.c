/* SPDX-License-Identifier: MIT */
/*
 * keys_rotate.c -- `alamo keys rotate`: the old log key signs its last, the note that says which key is the next, and is
 * gone. keys/log.pub is that note from then on, so that whoever has it verifies both eras.
 *
 * In this order, so that a crash leaves either the old authority or one that a second call completes:
 *
 *   keys/log.key.next   the new key
 *   keys/log.pub        the note: from here on the registry refuses to sign with keys/log.key
 *   keys/log.key        the new key in the old one's place
 */
#include "keys_note.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "log/log_read.h"
#include "roa/roa_key.h"

struct rotation {
	const struct keys_options *o;
	const char *dir;
	char key[PATH_MAX], next[PATH_MAX], pub[PATH_MAX], draft[PATH_MAX], head[PATH_MAX];
	struct al_skey old, new;
	struct al_vkey log; /* as keys/log.pub has it */
};

static int paths_make(struct rotation *r)
{
	const struct {
		const char *name;
		char *out;
	} paths[] = {
		{ "keys/log.key", r->key },         { "keys/log.key.next", r->next }, { "keys/log.pub", r->pub },
		{ "keys/log.pub.draft", r->draft }, { "run/checkpoint", r->head },
	};

	for (size_t i = 0; i < AL_COUNT(paths); i++)
		if (file_join(r->dir, paths[i].name, paths[i].out, PATH_MAX) != AL_OK)
			return command_fail(CLI_USAGE, "%s: the path is too long", r->dir);
	return CLI_DONE;
}

/* Somebody listens where followers of this log are served. */
static int running(const struct rotation *r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[PATH_MAX];
	int fd, code = CLI_DONE;

	if (file_join(r->dir, "run/log.sock", path, sizeof(path)) != AL_OK || strlen(path) >= sizeof(address.sun_path))
		return CLI_DONE;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		code = command_fail(CLI_REFUSED, "alamo-registryd runs in %s: stop it first (alamo down %s)", r->dir,
				    r->dir);
	if (fd >= 0)
		(void)close(fd);
	return code;
}

/* The largest size that keys/log.guard has as signed: "last SIZE ROOT" (registry-server/sign/guard.c). */
static int signed_size(const struct rotation *r, uint64_t *out)
{
	struct al_slice rest, line, word;
	char path[PATH_MAX];
	struct al_buf text;
	uint64_t size;
	int code = CLI_DONE;

	*out = 0;
	al_buf_init(&text, 65536);
	if (file_join(r->dir, "keys/log.guard", path, sizeof(path)) != AL_OK || file_read(path, &text) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s/keys/log.guard: %s", r->dir, strerror(errno));
	rest = al_buf_view(&text);
	while (al_slice_line(&rest, &line))
		if (al_slice_cut(&line, ' ', &word) && al_slice_is(word, "last") && al_slice_cut(&line, ' ', &word) &&
		    al_slice_u64(word, UINT64_MAX, &size) == AL_OK && size > *out)
			*out = size;
	al_buf_release(&text);
	return code;
}

/* What the old key signed last is where it ends; less would cut entries off that were acknowledged. */
static int head_check(const struct rotation *r)
{
	struct al_checkpoint cp = { .size = 0 };
	struct al_buf note;
	uint64_t size = 0;
	int code = signed_size(r, &size);

	al_buf_init(&note, AL_NOTE_MAX);
	if (code == CLI_DONE && (file_read(r->head, &note) != AL_OK ||
				 al_checkpoint_open(al_buf_view(&note), &r->log, &cp) != AL_OK || cp.size != size))
		code = command_fail(CLI_UNVERIFIED,
				    "%s is not what the key in use signed last (size %llu): start the authority and "
				    "stop it once more",
				    r->head, (unsigned long long)size);
	if (code == CLI_DONE && r->log.past != NULL && cp.size <= r->log.past->log[r->log.past->log_count - 1].from)
		code = command_fail(CLI_REFUSED, "the key in use has signed nothing yet: it is as good as a new one");
	al_buf_release(&note);
	return code;
}

static int pub_read(struct rotation *r)
{
	struct al_buf text;
	int code = CLI_DONE;

	al_buf_init(&text, AL_NOTE_MAX);
	if (file_read(r->pub, &text) != AL_OK || al_log_key_parse(al_buf_view(&text), &r->log) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s is no log key", r->pub);
	al_buf_release(&text);
	return code;
}

static bool is_key_of(const struct al_skey *secret, const struct al_vkey *log)
{
	return memcmp(secret->pub.pk, log->pk, sizeof(log->pk)) == 0;
}

/* A log that had one key ever has no note yet, unless its roots made one. */
static const char *note_before(const struct rotation *r)
{
	return r->o->after != NULL ? r->o->after : r->log.past != NULL ? r->pub : NULL;
}

static int draft_with(const struct rotation *r, const struct al_vkey *log, const char *after, const char *last)
{
	struct keys_options o = { .file = r->draft, .not_after = r->o->not_after, .after = after, .last = last };
	struct al_buf key;
	int code;

	al_buf_init(&key, 4096);
	al_vkey_format(log, &key);
	al_buf_u8(&key, '\0');
	o.log = (const char *)key.ptr;
	code = key.err == AL_OK ? keys_draft(&o) : command_fail(CLI_REFUSED, "out of memory");
	al_buf_release(&key);
	return code;
}

static int note_make(const struct rotation *r)
{
	const struct keys_options sign = { .file = r->draft };
	const char *before = note_before(r);
	int code = CLI_DONE;

	if (before == NULL) {
		code = draft_with(r, &r->old.pub, NULL, NULL);
		before = r->draft;
	}
	if (code == CLI_DONE)
		code = draft_with(r, &r->new.pub, before, r->head);
	return code == CLI_DONE ? keys_sign_with(&sign, &r->old) : code;
}

static int secret_write(const struct rotation *r)
{
	struct al_buf text;
	int code = CLI_DONE;

	al_buf_init(&text, 4096);
	al_skey_format(&r->new, &text);
	al_buf_u8(&text, '\n');
	if (text.err != AL_OK || file_write(r->next, al_buf_view(&text), 0400) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: %s", r->next, strerror(errno));
	if (text.ptr != NULL)
		explicit_bzero(text.ptr, text.len);
	al_buf_release(&text);
	return code;
}

static int rename_said(const char *from, const char *to)
{
	return rename(from, to) == 0 ? CLI_DONE : command_fail(CLI_REFUSED, "%s: %s", to, strerror(errno));
}

static int begin(struct rotation *r)
{
	int code = head_check(r);

	if (code == CLI_DONE && al_skey_generate(al_slice_str(r->old.pub.name), &r->new) != AL_OK)
		code = command_fail(CLI_REFUSED, "no key can be made");
	if (code == CLI_DONE)
		code = secret_write(r);
	if (code == CLI_DONE)
		code = note_make(r);
	return code == CLI_DONE ? rename_said(r->draft, r->pub) : code;
}

/* The key of route origins is believed by a statement of the log's key. */
static int finish(struct rotation *r)
{
	char path[PATH_MAX];
	int code = rename_said(r->next, r->key);

	if (code == CLI_DONE)
		code = pub_read(r);
	if (code == CLI_DONE && file_join(r->dir, "keys/roa.note", path, sizeof(path)) == AL_OK &&
	    access(path, F_OK) == 0) {
		r->new.pub.past = r->log.past;
		code = roa_key_make(r->dir, &r->new);
	}
	if (code == CLI_DONE)
		printf("The log has another key. Start the authority again, have the roots sign %s (alamo keys sign), "
		       "and give it to routers as their log key; mirrors, witnesses, nodes and monitors that run go on "
		       "by themselves.\n",
		       r->pub);
	return code;
}

static int rotate(struct rotation *r)
{
	int code = running(r);

	if (code == CLI_DONE)
		code = pub_read(r);
	if (code == CLI_DONE)
		code = log_read_secret(r->key, &r->old);
	if (code != CLI_DONE)
		return code;
	if (is_key_of(&r->old, &r->log)) {
		code = begin(r);
	} else { /* it stopped between the two files */
		code = log_read_secret(r->next, &r->new);
		if (code == CLI_DONE && !is_key_of(&r->new, &r->log))
			code = command_fail(CLI_REFUSED, "%s is not the key of %s", r->next, r->pub);
	}
	return code == CLI_DONE ? finish(r) : code;
}

int keys_rotate(const struct keys_options *o)
{
	struct rotation r = { .o = o, .dir = o->file };
	int code = paths_make(&r);

	if (code == CLI_DONE)
		code = rotate(&r);
	al_skey_wipe(&r.old);
	al_skey_wipe(&r.new);
	return code;
}
