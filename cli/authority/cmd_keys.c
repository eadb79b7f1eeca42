/* SPDX-License-Identifier: MIT */
/*
 * cmd_keys.c -- `alamo keys`: root keys that stay offline, and the note by
 * which they say what the log's key is; for the zones' keys see keys_dns.h.
 *
 * The note's verbs work on files only. `draft` writes the text of the next note, `sign` adds
 * one root's signature to it, `verify` is what a client does.
 */
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/ident.h"
#include "alamo/net/loop.h"
#include "file.h"
#include "keys_dns.h"
#include "keys_note.h"
#include "log/log_read.h"

static int note_read(const char *path, struct al_buf *out)
{
	al_buf_init(out, AL_NOTE_MAX);
	return file_read(path, out) == AL_OK ? CLI_DONE : command_fail(CLI_USAGE, "%s: %s", path, strerror(errno));
}

/* The note's text, signed or not yet. */
static int keys_read(const char *path, struct al_buf *bytes, struct al_keys *keys)
{
	int code = note_read(path, bytes);

	if (code != CLI_DONE)
		return code;
	return al_keys_parse(al_keys_text(al_buf_view(bytes)), keys) == AL_OK
		       ? CLI_DONE
		       : command_fail(CLI_USAGE, "%s is no keys note", path);
}

/* ---- make-root ---- */

static int make_root(const struct keys_options *o)
{
	char path[PATH_MAX];
	struct al_skey key;
	struct al_buf out;
	int code = CLI_DONE;

	if (access(o->file, F_OK) == 0)
		return command_fail(CLI_REFUSED, "%s exists", o->file);
	if (snprintf(path, sizeof(path), "%s.pub", o->file) >= (int)sizeof(path))
		return command_fail(CLI_USAGE, "the name is too long");
	if (al_skey_generate(al_slice_str(o->name != NULL ? o->name : "root"), &key) != AL_OK)
		return command_fail(CLI_USAGE, "%s cannot be the name of a key", o->name);
	al_buf_init(&out, AL_NOTE_MAX);
	al_skey_format(&key, &out);
	al_buf_u8(&out, '\n');
	if (file_write(o->file, al_buf_view(&out), 0400) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: %s", o->file, strerror(errno));
	explicit_bzero(out.ptr, out.len);
	al_buf_reset(&out);
	al_vkey_format(&key.pub, &out);
	al_buf_u8(&out, '\n');
	al_skey_wipe(&key);
	if (code == CLI_DONE && file_write(path, al_buf_view(&out), 0644) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	if (code == CLI_DONE)
		command_print(al_buf_view(&out));
	al_buf_release(&out);
	return code;
}

/* ---- draft ---- */

/* "registry.alamo/log" -> "registry.alamo/keys" */
static int draft_first(const struct al_vkey *log, struct al_keys *keys)
{
	struct al_slice stem = al_slice_str(log->name);

	if (al_slice_ends(stem, "/log"))
		stem.len -= strlen("/log");
	if (stem.len + strlen("/keys") > AL_ORIGIN_MAX)
		return command_fail(CLI_USAGE, "the log's name is too long");
	(void)snprintf(keys->origin, sizeof(keys->origin), "%.*s/keys", AL_FMT(stem));
	return CLI_DONE;
}

/* The key in use ends with the checkpoint; the next one begins there. */
static int draft_close(const struct keys_options *o, struct al_keys *keys)
{
	struct al_keys_log *log = &keys->log[keys->log_count - 1];
	struct al_checkpoint cp;
	struct al_buf note;
	int code = note_read(o->last, &note);

	if (code == CLI_DONE && al_checkpoint_open(al_buf_view(&note), &log->key, &cp) != AL_OK)
		code = command_fail(CLI_UNVERIFIED, "%s is no checkpoint signed by the key in use", o->last);
	al_buf_release(&note);
	if (code != CLI_DONE)
		return code;
	if (keys->log_count == AL_KEYS_LOGS_MAX)
		return command_fail(CLI_REFUSED, "a note holds %d log keys at most", AL_KEYS_LOGS_MAX);
	log->closed = true;
	log->until = cp;
	keys->log[keys->log_count++] = (struct al_keys_log){ .from = cp.size };
	return CLI_DONE;
}

static int draft_fill(const struct keys_options *o, struct al_keys *keys)
{
	struct al_buf before;
	struct al_vkey log;
	int code = log_read_key(o->log, &log);

	if (code != CLI_DONE)
		return code;
	if (o->after != NULL) {
		code = keys_read(o->after, &before, keys);
		al_buf_release(&before);
		/* With the same key it is the day that moves. */
		if (code == CLI_DONE && o->last != NULL)
			code = draft_close(o, keys);
	} else {
		code = draft_first(&log, keys);
		keys->log_count = 1;
	}
	if (code != CLI_DONE)
		return code;
	if (o->after != NULL && o->last == NULL && memcmp(al_keys_log(keys)->pk, log.pk, sizeof(log.pk)) != 0)
		return command_fail(CLI_USAGE, "another log key: --last must name the last checkpoint of the old one");
	keys->log[keys->log_count - 1].key = log;
	keys->version++;
	return CLI_DONE;
}

int keys_draft(const struct keys_options *o)
{
	struct al_keys keys = { .version = 0 }, check;
	struct al_buf text;
	char day[AL_TIME_STRLEN];
	int code;

	if (o->last != NULL && o->after == NULL)
		return command_fail(CLI_USAGE, "--last goes with --after: the note that ends there");
	if (snprintf(day, sizeof(day), "%sT00:00:00Z", o->not_after) != (int)sizeof(day) - 1 ||
	    al_time_parse(al_slice_str(day), &keys.not_after) != AL_OK)
		return command_fail(CLI_USAGE, "--not-after is a day, as 2028-01-01");

	uint64_t not_after = keys.not_after;

	code = draft_fill(o, &keys);
	if (code != CLI_DONE)
		return code;
	keys.not_after = not_after;
	al_buf_init(&text, AL_NOTE_MAX);
	al_keys_format(&keys, &text);
	if (text.err != AL_OK || al_keys_parse(al_buf_view(&text), &check) != AL_OK)
		code = command_fail(CLI_REFUSED, "these keys do not make a note");
	else if (file_write(o->file, al_buf_view(&text), 0644) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: %s", o->file, strerror(errno));
	else
		command_print(al_buf_view(&text));
	al_buf_release(&text);
	return code;
}

/* ---- sign ---- */

int keys_sign_with(const struct keys_options *o, const struct al_skey *root)
{
	struct al_buf in, out;
	enum al_err err;
	int code = note_read(o->file, &in);

	al_buf_init(&out, AL_NOTE_MAX);
	if (code == CLI_DONE) {
		err = al_keys_sign(al_buf_view(&in), root, &out);
		if (err == AL_EEXIST)
			code = command_fail(CLI_REFUSED, "%s is signed by this key already", o->file);
		else if (err != AL_OK)
			code = command_fail(CLI_USAGE, "%s is no keys note (%s)", o->file, al_err_name(err));
		else if (file_write(o->file, al_buf_view(&out), 0644) != AL_OK)
			code = command_fail(CLI_REFUSED, "%s: %s", o->file, strerror(errno));
	}
	al_buf_release(&in);
	al_buf_release(&out);
	return code;
}

static int sign(const struct keys_options *o)
{
	struct al_skey root;
	struct al_buf text;
	int code;

	code = note_read(o->key, &text);
	if (code == CLI_DONE && al_skey_parse(al_slice_trim(al_buf_view(&text)), &root) != AL_OK)
		code = command_fail(CLI_USAGE, "%s is no root key", o->key);
	if (text.ptr != NULL)
		explicit_bzero(text.ptr, text.len);
	al_buf_release(&text);
	if (code != CLI_DONE)
		return code;
	code = keys_sign_with(o, &root);
	al_skey_wipe(&root);
	return code;
}

/* ---- show, verify ---- */

static int show(const struct keys_options *o)
{
	struct al_keys keys;
	struct al_buf bytes;
	int code = keys_read(o->file, &bytes, &keys);

	if (code == CLI_DONE)
		command_print_remote(al_buf_view(&bytes));
	al_buf_release(&bytes);
	return code;
}

static int verified(const struct keys_options *o, const struct al_keys *keys, size_t signers)
{
	struct al_buf key;

	if (al_keys_expired(keys, al_now_s()))
		return command_fail(CLI_UNVERIFIED, "version %" PRIu64 " is past its day: there should be a newer one",
				    keys->version);
	al_buf_init(&key, AL_NOTE_MAX);
	al_vkey_format(al_keys_log(keys), &key);
	if (o->print_log)
		printf("%.*s\n", AL_FMT(al_buf_view(&key)));
	else
		printf("keys        %s\nversion     %" PRIu64
		       "\nlog         %.*s\nsigned      by %zu of %zu roots, %" PRIu64 " needed\n",
		       keys->origin, keys->version, AL_FMT(al_buf_view(&key)), signers, o->root.count, o->needed);
	al_buf_release(&key);
	return CLI_DONE;
}

static int verify(const struct keys_options *o)
{
	const struct al_keys_pin pin = { o->roots, o->root.count, (size_t)o->needed, o->least.value };
	struct al_keys keys;
	struct al_buf note;
	size_t signers;
	int code = note_read(o->file, &note);

	if (code == CLI_DONE) {
		signers = al_keys_signed(al_buf_view(&note), o->roots, o->root.count);
		switch (al_keys_open(al_buf_view(&note), &pin, &keys)) {
		case AL_OK:
			code = verified(o, &keys, signers);
			break;
		case AL_EVERIFY:
			code = command_fail(CLI_UNVERIFIED, "signed by %zu of the %zu roots; %" PRIu64 " are needed",
					    signers, o->root.count, o->needed);
			break;
		case AL_ESTALE:
			code = command_fail(CLI_UNVERIFIED, "the note is older than version %" PRIu64, o->least.value);
			break;
		default:
			code = command_fail(CLI_USAGE, "no keys note, or --need is more than there are roots");
		}
	}
	al_buf_release(&note);
	return code;
}

/* ---- the command ---- */

/* The words and options of one verb, with the keys read. */
static int keys_run(const struct words *words, const void *arg, int (*verb)(const struct keys_options *o))
{
	struct keys_options o = *(const struct keys_options *)arg;
	int code = CLI_DONE;

	o.file = words->word[0];
	for (size_t i = 0; code == CLI_DONE && i < o.root.count; i++)
		code = log_read_key(o.root.values[i], &o.roots[i]);
	o.needed = o.need.given ? o.need.value : o.root.count / 2 + 1; /* a majority */
	return code == CLI_DONE ? verb(&o) : code;
}

static int run_make_root(const struct words *words, const void *options)
{
	return keys_run(words, options, make_root);
}

static int run_draft(const struct words *words, const void *options)
{
	return keys_run(words, options, keys_draft);
}

static int run_sign(const struct words *words, const void *options)
{
	return keys_run(words, options, sign);
}

static int run_show(const struct words *words, const void *options)
{
	return keys_run(words, options, show);
}

static int run_verify(const struct words *words, const void *options)
{
	return keys_run(words, options, verify);
}

static int run_rotate(const struct words *words, const void *options)
{
	return keys_run(words, options, keys_rotate);
}

static int run_dns(const struct words *words, const void *options)
{
	return keys_dns(words, ((const struct keys_options *)options)->json);
}

static const struct command_form forms[] = {
	{ "make-root", "FILE", "makes a root key, and FILE.pub", run_make_root },
	{ "draft", "NOTE", "writes the text of the next note", run_draft },
	{ "sign", "NOTE", "adds a root's signature to the note", run_sign },
	{ "show", "NOTE", "prints a note", run_show },
	{ "verify", "NOTE", "checks a note as a client does", run_verify },
	{ "rotate", "DIR", "gives the log of the stopped authority in DIR another key", run_rotate },
	{ "dns", "status|roll DIR [ZONE] [ksk|zsk]", "the zones' keys, and what comes next; or the next ones",
	  run_dns },
};

static const struct option_row rows[] = {
	{ .name = "name",
	  .arg = "NAME",
	  .verbs = "make-root",
	  OPTION_AT(struct keys_options, name),
	  .meaning = "name of the key",
	  .fallback = "root" },
	{ .name = "log",
	  .arg = "VKEY|FILE",
	  .verbs = "draft",
	  .needed = true,
	  OPTION_AT(struct keys_options, log),
	  .meaning = "the log's key from now on" },
	{ .name = "not-after",
	  .arg = "DATE",
	  .verbs = "draft rotate",
	  .needed = true,
	  OPTION_AT(struct keys_options, not_after),
	  .meaning = "the day by which there is a newer note, as 2028-01-01" },
	{ .name = "after",
	  .arg = "NOTE",
	  .verbs = "draft rotate",
	  OPTION_AT(struct keys_options, after),
	  .meaning = "the note before this one" },
	{ .name = "last",
	  .arg = "CHECKPOINT",
	  .verbs = "draft",
	  OPTION_AT(struct keys_options, last),
	  .meaning = "with --after: where the old log key ends and the new one begins" },
	{ .name = "key",
	  .letter = 'k',
	  .arg = "FILE",
	  .verbs = "sign",
	  .needed = true,
	  OPTION_AT(struct keys_options, key),
	  .meaning = "the root key" },
	{ .name = "root",
	  .arg = "VKEY|FILE",
	  .verbs = "verify",
	  .needed = true,
	  .most = AL_KEYS_ROOTS_MAX,
	  OPTION_AT(struct keys_options, root),
	  .meaning = "a root key's public part" },
	{ .name = "need",
	  .arg = "N",
	  .verbs = "verify",
	  .least = 1,
	  .most = AL_KEYS_ROOTS_MAX,
	  OPTION_AT(struct keys_options, need),
	  .meaning = "how many roots have to have signed",
	  .fallback = "a majority of those named" },
	{ .name = "least",
	  .arg = "VERSION",
	  .verbs = "verify",
	  OPTION_AT(struct keys_options, least),
	  .meaning = "the oldest version that is taken" },
	{ .name = "print-log",
	  .verbs = "verify",
	  OPTION_AT(struct keys_options, print_log),
	  .meaning = "prints only the key that signs the log now, for --key of other commands" },
	{ .name = "json",
	  .letter = 'j',
	  .verbs = "dns",
	  OPTION_AT(struct keys_options, json),
	  .meaning = "prints the keys as JSON" },
};

const struct command command_keys = {
	.name = "keys",
	.group = GROUP_AUTHORITY,
	.help = "offline root keys, and their note on what the log's key is; the zones' keys",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct keys_options),
};
