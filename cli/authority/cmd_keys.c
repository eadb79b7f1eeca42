/*
 * cmd_keys.c -- `alamo keys`: root keys that stay offline, and the note by
 * which they say what the log's key is.
 *
 * Works on files only. `draft` writes the text of the next note, `sign` adds
 * one root's signature to it, `verify` is what a client does.
 */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/ident.h"
#include "alamo/tlog/keys.h"
#include "alamo/net/loop.h"
#include "file.h"
#include "log/log_read.h"

#define USAGE                                                                                                          \
	"make-root FILE [--name NAME] | draft NOTE --log VKEY|FILE --not-after DATE [--after NOTE --last CHECKPOINT] " \
	"| "                                                                                                           \
	"sign NOTE --key FILE | show NOTE | verify NOTE --root VKEY|FILE... [--need N] [--least VERSION] "             \
	"[--print-log]"

struct options {
	const char *file;
	const char *name, *key, *log, *not_after, *after, *last;
	struct al_vkey roots[AL_KEYS_ROOTS_MAX];
	size_t root_count;
	uint64_t need, least;
	bool log_only;
};

static int note_read(const char *path, struct al_buf *out)
{
	al_buf_init(out, AL_NOTE_MAX);
	return file_read(path, out) == AL_OK ? CLI_DONE : command_fail(CLI_USAGE, "%s: %s", path, strerror(errno));
}

/* The note's text, signed or not yet. */
static int keys_read(const char *path, struct al_buf *bytes, struct al_keys *keys)
{
	struct al_slice text, note;
	int code = note_read(path, bytes);

	if (code != CLI_DONE)
		return code;
	note = al_buf_view(bytes);
	text = note;
	for (size_t i = 0; i + 1 < note.len; i++)
		if (note.ptr[i] == '\n' && note.ptr[i + 1] == '\n')
			text = al_slice_head(note, i + 1);
	return al_keys_parse(text, keys) == AL_OK ? CLI_DONE : command_fail(CLI_USAGE, "%s is no keys note", path);
}

/* ---- make-root ---- */

static int make_root(const struct options *o)
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
static int draft_close(const struct options *o, struct al_keys *keys)
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

static int draft_fill(const struct options *o, struct al_keys *keys)
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

static int draft(const struct options *o)
{
	struct al_keys keys = { .version = 0 }, check;
	struct al_buf text;
	char day[AL_TIME_STRLEN];
	int code;

	if (o->log == NULL || o->not_after == NULL || (o->last != NULL && o->after == NULL))
		return command_usage("keys", USAGE);
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

static int sign_with(const struct options *o, const struct al_skey *root)
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

static int sign(const struct options *o)
{
	struct al_skey root;
	struct al_buf text;
	int code;

	if (o->key == NULL)
		return command_usage("keys", USAGE);
	code = note_read(o->key, &text);
	if (code == CLI_DONE && al_skey_parse(al_slice_trim(al_buf_view(&text)), &root) != AL_OK)
		code = command_fail(CLI_USAGE, "%s is no root key", o->key);
	if (text.ptr != NULL)
		explicit_bzero(text.ptr, text.len);
	al_buf_release(&text);
	if (code != CLI_DONE)
		return code;
	code = sign_with(o, &root);
	al_skey_wipe(&root);
	return code;
}

/* ---- show, verify ---- */

static int show(const struct options *o)
{
	struct al_keys keys;
	struct al_buf bytes;
	int code = keys_read(o->file, &bytes, &keys);

	if (code == CLI_DONE)
		command_print_remote(al_buf_view(&bytes));
	al_buf_release(&bytes);
	return code;
}

static int verified(const struct options *o, const struct al_keys *keys, size_t signers)
{
	struct al_buf key;

	if (al_keys_expired(keys, al_now_s()))
		return command_fail(CLI_UNVERIFIED, "version %" PRIu64 " is past its day: there should be a newer one",
				    keys->version);
	al_buf_init(&key, AL_NOTE_MAX);
	al_vkey_format(al_keys_log(keys), &key);
	if (o->log_only)
		printf("%.*s\n", AL_FMT(al_buf_view(&key)));
	else
		printf("keys        %s\nversion     %" PRIu64
		       "\nlog         %.*s\nsigned      by %zu of %zu roots, %" PRIu64 " needed\n",
		       keys->origin, keys->version, AL_FMT(al_buf_view(&key)), signers, o->root_count, o->need);
	al_buf_release(&key);
	return CLI_DONE;
}

static int verify(const struct options *o)
{
	const struct al_keys_pin pin = { o->roots, o->root_count, (size_t)o->need, o->least };
	struct al_keys keys;
	struct al_buf note;
	size_t signers;
	int code = note_read(o->file, &note);

	if (code == CLI_DONE) {
		signers = al_keys_signed(al_buf_view(&note), o->roots, o->root_count);
		switch (al_keys_open(al_buf_view(&note), &pin, &keys)) {
		case AL_OK:
			code = verified(o, &keys, signers);
			break;
		case AL_EVERIFY:
			code = command_fail(CLI_UNVERIFIED, "signed by %zu of the %zu roots; %" PRIu64 " are needed",
					    signers, o->root_count, o->need);
			break;
		case AL_ESTALE:
			code = command_fail(CLI_UNVERIFIED, "the note is older than version %" PRIu64, o->least);
			break;
		default:
			code = command_fail(CLI_USAGE, "no keys note, or --need is more than there are roots");
		}
	}
	al_buf_release(&note);
	return code;
}

/* ---- the command ---- */

static int root_add(struct options *o, const char *text)
{
	if (o->root_count == AL_KEYS_ROOTS_MAX)
		return command_fail(CLI_USAGE, "%d roots at most", AL_KEYS_ROOTS_MAX);
	return log_read_key(text, &o->roots[o->root_count++]);
}

static int option_take(struct options *o, int option)
{
	struct al_slice value = al_slice_str(option == 'p' ? NULL : optarg);

	switch (option) {
	case 'r':
		return root_add(o, optarg);
	case 'm':
		if (al_slice_u64(value, AL_KEYS_ROOTS_MAX, &o->need) == AL_OK && o->need > 0)
			return CLI_DONE;
		return command_fail(CLI_USAGE, "--need is a number of roots");
	case 'v':
		if (al_slice_u64(value, UINT64_MAX, &o->least) == AL_OK)
			return CLI_DONE;
		return command_fail(CLI_USAGE, "--least is a version");
	case 'p':
		o->log_only = true;
		return CLI_DONE;
	case 'n':
		o->name = optarg;
		return CLI_DONE;
	case 'k':
		o->key = optarg;
		return CLI_DONE;
	case 'l':
		o->log = optarg;
		return CLI_DONE;
	case 'd':
		o->not_after = optarg;
		return CLI_DONE;
	case 'a':
		o->after = optarg;
		return CLI_DONE;
	case 'c':
		o->last = optarg;
		return CLI_DONE;
	default:
		return CLI_USAGE;
	}
}

int cmd_keys(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*run)(const struct options *o);
	} verbs[] = {
		{ "make-root", make_root }, { "draft", draft },   { "sign", sign },
		{ "show", show },           { "verify", verify },
	};
	static const struct option longs[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "key", required_argument, NULL, 'k' },
		{ "log", required_argument, NULL, 'l' },
		{ "not-after", required_argument, NULL, 'd' },
		{ "after", required_argument, NULL, 'a' },
		{ "last", required_argument, NULL, 'c' },
		{ "root", required_argument, NULL, 'r' },
		{ "need", required_argument, NULL, 'm' },
		{ "least", required_argument, NULL, 'v' },
		{ "print-log", no_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .need = 0 };
	int option, code;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		code = option_take(&o, option);
		if (code != CLI_DONE)
			return option == '?' ? command_usage("keys", USAGE) : code;
	}
	if (argc - optind != 2)
		return command_usage("keys", USAGE);
	o.file = argv[optind + 1];
	if (o.need == 0)
		o.need = o.root_count / 2 + 1; /* a majority */
	for (size_t i = 0; i < AL_COUNT(verbs); i++)
		if (strcmp(argv[optind], verbs[i].word) == 0)
			return verbs[i].run(&o);
	return command_usage("keys", USAGE);
}
