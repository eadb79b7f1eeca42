/* SPDX-License-Identifier: MIT */
/*
 * cmd_receipt.c -- `alamo receipt`: what proves, without asking anybody, that
 * a request is in the log.
 */
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alamo/net/loop.h"
#include "alamo/rpsl/request.h"
#include "file.h"
#include "log_read.h"
#include "member/pin.h"
#include "receipt.h"

#define TEXT_MAX (4u << 20)

struct options {
	const char *key, *entry, *request;
	bool print;
};

struct verify {
	const char *file, *key, *entry, *request;
	const char *save; /* write the receipt with its entry here; NULL: do not */
	bool print;
	struct al_vkey vkey;
	struct al_buf text, bytes, asked; /* receipt or answer, entry, request */
};

static int read_or_fail(const char *path, struct al_buf *out)
{
	return file_read(path, out) == AL_OK ? CLI_DONE : command_fail(CLI_USAGE, "%s: %s", path, strerror(errno));
}

/* The one that is named, else the one that is pinned for the log that the receipt speaks of. Exit code. */
static int key_find(struct verify *v)
{
	char name[AL_ORIGIN_MAX + 1] = "";
	struct al_slice receipt, line;
	struct al_receipt parsed;

	if (v->key != NULL)
		return log_read_key(v->key, &v->vkey);
	if (receipt_find(al_buf_view(&v->text), &receipt) != AL_OK || al_receipt_parse(receipt, &parsed) != AL_OK ||
	    !al_slice_line(&parsed.note, &line) || al_slice_copy(line, name, sizeof(name)) != AL_OK)
		return command_fail(CLI_UNVERIFIED, "%s: there is no receipt in it", v->file);
	if (pin_of_log(name, &v->vkey) == AL_OK)
		return CLI_DONE;
	return command_fail(CLI_USAGE, "%s is of the log %s, whose key is not pinned here: give it with --key", v->file,
			    name);
}

/* Where the entry comes from: --entry, the receipt itself, or --request and the answer to it. */
static int entry_find(struct verify *v, struct al_slice receipt)
{
	enum al_err err;

	if (v->entry != NULL)
		return read_or_fail(v->entry, &v->bytes);
	err = receipt_entry(receipt, &v->bytes);
	if (err == AL_ENOTFOUND && v->request != NULL)
		err = receipt_rebuild(al_buf_view(&v->asked), al_buf_view(&v->text), &v->vkey, al_now_s(), &v->bytes);
	else if (err == AL_ENOTFOUND)
		return command_fail(CLI_USAGE, "%s has no entry in it: give --entry or --request", v->file);
	if (err != AL_OK)
		return command_fail(CLI_UNVERIFIED, "%s: no entry made of this request fits the proof", v->file);
	return CLI_DONE;
}

/* Is the entry about the request that was given? */
static int request_compare(const struct verify *v, const struct al_entry *entry)
{
	struct al_request request;
	enum al_err err;
	int code = CLI_DONE;

	al_request_init(&request);
	err = al_request_parse(al_buf_view(&v->asked), &request, NULL);
	if (err != AL_OK)
		code = command_fail(CLI_USAGE, "%s is no signed request", v->request);
	else if (!al_slice_eq(al_buf_view(&request.bytes), entry->body))
		code = command_fail(CLI_UNVERIFIED, "the receipt is for another request than %s", v->request);
	al_request_release(&request);
	return code;
}

static int verify_print(const struct verify *v, const struct al_entry *entry, const struct al_checkpoint *cp)
{
	time_t at = (time_t)entry->time;
	char stamp[40];
	struct tm utc;

	if (gmtime_r(&at, &utc) == NULL || strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
		return command_fail(CLI_UNVERIFIED, "%s: the entry's time is none", v->file);
	printf("verified: entry %" PRIu64 " of %s, at size %" PRIu64 "\n", entry->index, v->vkey.name, cp->size);
	printf("time      %s\n", stamp);
	printf("result    %.*s\n", AL_FMT(entry->result));
	for (size_t i = 0; i < entry->auto_count; i++)
		printf("auto      %.*s %.*s\n", AL_FMT(entry->autos[i].token), AL_FMT(entry->autos[i].value));
	if (v->print) {
		puts("");
		command_print_remote(entry->body);
	}
	return CLI_DONE;
}

/* The receipt with its entry, into a file of its own. */
static int receipt_save(const struct verify *v, struct al_slice receipt)
{
	struct al_buf out;
	enum al_err err;
	int code = CLI_DONE;

	al_buf_init(&out, RECEIPT_MAX);
	err = receipt_join(receipt, al_buf_view(&v->bytes), &out);
	if (err == AL_OK)
		err = file_write(v->save, al_buf_view(&out), 0644);
	if (err != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: %s", v->save,
				    err == AL_ESYS ? strerror(errno) : al_err_name(err));
	al_buf_release(&out);
	return code;
}

static int verify_receipt(struct verify *v)
{
	struct al_slice receipt, entry_bytes;
	struct al_checkpoint cp;
	struct al_entry entry;
	struct al_hash leaf;
	uint64_t index = 0;
	enum al_err err = receipt_find(al_buf_view(&v->text), &receipt);
	int code;

	if (err != AL_OK)
		return command_fail(CLI_UNVERIFIED, "%s: there is no receipt in it", v->file);
	code = entry_find(v, receipt);
	if (code != CLI_DONE)
		return code;
	entry_bytes = al_buf_view(&v->bytes);
	leaf = al_leaf_hash(entry_bytes);
	err = al_receipt_open(receipt, &v->vkey, &leaf, &index, &cp);
	if (err != AL_OK)
		return command_fail(CLI_UNVERIFIED, "%s: %s", v->file,
				    err == AL_EVERIFY ? "the proof or its signature is not good"
						      : "the receipt is malformed");
	err = al_entry_decode(entry_bytes, &entry);
	if (err != AL_OK || entry.index != index)
		return command_fail(CLI_UNVERIFIED, "%s: what is proved is no entry of this place", v->file);
	code = v->request != NULL ? request_compare(v, &entry) : CLI_DONE;
	if (code == CLI_DONE && v->save != NULL)
		code = receipt_save(v, receipt);
	return code == CLI_DONE ? verify_print(v, &entry, &cp) : code;
}

/* As it was sent: a file with CR LF stands for the text with LF. */
static int asked_read(struct verify *v)
{
	struct al_buf typed;
	int code;

	al_buf_init(&typed, TEXT_MAX);
	code = read_or_fail(v->request, &typed);
	if (code == CLI_DONE && al_request_read(al_buf_view(&typed), &v->asked, NULL) != AL_OK)
		code = command_fail(CLI_USAGE, "%s: lines end in LF or CR LF, and a CR stands nowhere else",
				    v->request);
	al_buf_release(&typed);
	return code;
}

static int verify_run(struct verify *v)
{
	int code;

	al_buf_init(&v->text, TEXT_MAX);
	al_buf_init(&v->bytes, AL_ENTRY_MAX);
	al_buf_init(&v->asked, TEXT_MAX);
	code = read_or_fail(v->file, &v->text);
	if (code == CLI_DONE)
		code = key_find(v);
	if (code == CLI_DONE && v->request != NULL)
		code = asked_read(v);
	if (code == CLI_DONE)
		code = verify_receipt(v);
	al_buf_release(&v->asked);
	al_buf_release(&v->bytes);
	al_buf_release(&v->text);
	return code;
}

static int run_verify(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct verify v = { .file = words->word[0],
			    .key = options->key,
			    .entry = options->entry,
			    .request = options->request,
			    .print = options->print };

	return verify_run(&v);
}

static int run_save(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct verify v = {
		.file = words->word[0], .key = options->key, .request = options->request, .save = words->word[1]
	};

	if (v.request == NULL)
		return command_fail(CLI_USAGE, "receipt save: --request FILE is missing: the request as it was sent");
	return verify_run(&v);
}

static const struct command_form forms[] = {
	{ "verify", "FILE", "proves, without asking anybody, that a request is in the log", run_verify },
	{ "save", "ANSWER OUT", "the same for the registry's answer, kept as a receipt that needs nothing else",
	  run_save },
};

static const struct option_row rows[] = {
	{ .name = "key",
	  .letter = 'k',
	  .arg = "VKEY|FILE",
	  OPTION_AT(struct options, key),
	  .meaning = "the log's key",
	  .fallback = "the one that is pinned for the log of that name" },
	{ .name = "request",
	  .letter = 'r',
	  .arg = "FILE",
	  OPTION_AT(struct options, request),
	  .meaning = "the signed request; the receipt must be for exactly this one" },
	{ .name = "entry",
	  .letter = 'e',
	  .arg = "FILE",
	  .verbs = "verify",
	  OPTION_AT(struct options, entry),
	  .meaning = "the entry, when it is not in the receipt" },
	{ .name = "print",
	  .letter = 'p',
	  .verbs = "verify",
	  OPTION_AT(struct options, print),
	  .meaning = "prints the request that is proved" },
};

const struct command command_receipt = {
	.name = "receipt",
	.group = GROUP_LOG,
	.help = "prove offline that a request is in the log",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
