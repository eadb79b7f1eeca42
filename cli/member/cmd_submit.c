/*
 * cmd_submit.c -- `alamo submit`: sign objects and send them.
 *
 * Each file is one request. A file that is signed already is sent as it is;
 * --key then adds another maintainer's signature to the same text.
 */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "alamo/net/loop.h"
#include "alamo/rpsl/request.h"
#include "answer.h"
#include "answer_json.h"
#include "file.h"
#include "log/receipt.h"
#include "settings.h"
#include "submit.h"

#define USAGE "FILE... [--key FILE]... [--server HOST:PORT] [--print] [--dry-run] [--json] [--receipt FILE]"

struct job {
	struct submit submit;
	struct network network;
	const char *server;
	const char *receipt; /* where to keep the receipt; NULL: nowhere */
	bool print;
	bool json;
};

static int exit_of(enum al_err err)
{
	return err == AL_ECLOSED ? CLI_OFFLINE : CLI_USAGE;
}

static int draft_read(const char *path, struct draft *out)
{
	struct al_buf bytes;
	enum al_err err;
	int code = CLI_DONE;

	al_buf_init(&bytes, 1u << 20);
	err = file_read(path, &bytes);
	if (err != AL_OK) {
		code = command_fail(CLI_USAGE, "%s: %s", path, strerror(errno));
	} else {
		err = draft_parse(al_buf_view(&bytes), out);
		if (err != AL_OK)
			code = command_fail(CLI_USAGE, "%s: %s", path,
					    err == AL_ELIMIT ? "too many objects for one request" : "no object in it");
	}
	al_buf_release(&bytes);
	return code;
}

/* The receipt of an accepted request, with its entry, for `alamo receipt verify`. */
static int receipt_keep(const struct job *job, struct al_slice request, struct al_slice answer)
{
	struct al_buf entry, out;
	struct al_slice receipt;
	struct al_vkey key;
	enum al_err err = al_vkey_parse(al_slice_str(job->network.vkey), &key);
	int code = CLI_DONE;

	if (receipt_find(answer, &receipt) != AL_OK)
		return command_fail(CLI_REFUSED, "nothing was changed, so there is no receipt");
	al_buf_init(&entry, AL_ENTRY_MAX);
	al_buf_init(&out, RECEIPT_MAX);
	if (err == AL_OK)
		err = receipt_rebuild(request, answer, &key, al_now_s(), &entry);
	if (err == AL_OK)
		err = receipt_join(receipt, al_buf_view(&entry), &out);
	if (err != AL_OK)
		code = command_fail(CLI_UNVERIFIED, "the registry's receipt does not verify (%s): %s not written",
				    al_err_name(err), job->receipt);
	else if (file_write(job->receipt, al_buf_view(&out), 0644) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: %s", job->receipt, strerror(errno));
	al_buf_release(&out);
	al_buf_release(&entry);
	return code;
}

static enum al_err draft_send(const struct submit *submit, const struct draft *draft, struct al_buf *request,
			      struct al_buf *answer)
{
	enum al_err err = submit_build(submit, draft, request);

	return err == AL_OK ? client_request(submit->client, al_buf_view(request), answer) : err;
}

static int draft_submit(const struct job *job, const struct draft *draft)
{
	struct submit submit = job->submit;
	char fallback[SETTING_MAX];
	struct al_buf out, request;
	enum al_err err = AL_OK;
	int code = CLI_DONE;

	if (submit.key_count == 0 && draft->signatures.len == 0) {
		err = settings_key(NULL, fallback);
		submit.keys[0] = fallback;
		submit.key_count = 1;
	}
	al_buf_init(&out, CLIENT_ANSWER_MAX);
	al_buf_init(&request, 1u << 21);
	if (err == AL_OK)
		err = job->print ? submit_build(&submit, draft, &out) : draft_send(&submit, draft, &request, &out);
	if (err != AL_OK) {
		code = exit_of(err);
	} else if (job->print) {
		command_print(al_buf_view(&out));
	} else {
		if (job->json)
			answer_json(al_buf_view(&out));
		else
			command_print_remote(al_buf_view(&out));
		code = answer_accepted(al_buf_view(&out)) ? CLI_DONE : CLI_REFUSED;
		if (code == CLI_DONE && job->receipt != NULL)
			code = receipt_keep(job, al_buf_view(&request), al_buf_view(&out));
	}
	al_buf_release(&request);
	al_buf_release(&out);
	return code;
}

static int options_read(int argc, char **argv, struct job *job)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "server", required_argument, NULL, 's' },
		{ "print", no_argument, NULL, 'p' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "receipt", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "k:s:pnjr:", options, NULL)) != -1) {
		switch (option) {
		case 'k':
			if (job->submit.key_count == SUBMIT_KEYS_MAX)
				return command_fail(CLI_USAGE, "at most %d keys", SUBMIT_KEYS_MAX);
			job->submit.keys[job->submit.key_count++] = optarg;
			break;
		case 's':
			job->server = optarg;
			break;
		case 'p':
			job->print = true;
			break;
		case 'n':
			job->submit.dry_run = true;
			break;
		case 'j':
			job->json = true;
			break;
		case 'r':
			job->receipt = optarg;
			break;
		default:
			return command_usage("submit", USAGE);
		}
	}
	if (job->receipt != NULL && (argc - optind > 1 || job->print || job->submit.dry_run))
		return command_fail(CLI_USAGE, "--receipt is for one file that is sent");
	return optind < argc ? CLI_DONE : command_usage("submit", USAGE);
}

int cmd_submit(int argc, char **argv)
{
	struct job job = { 0 };
	int code = options_read(argc, argv, &job);
	enum al_err err;

	if (code != CLI_DONE)
		return code;
	err = client_open(job.server, &job.submit.client);
	if (err != AL_OK)
		return exit_of(err);
	err = network_ask(job.submit.client, &job.network);
	code = err != AL_OK ? exit_of(err) : CLI_DONE;
	job.submit.network = &job.network;
	for (int i = optind; i < argc && code == CLI_DONE; i++) {
		struct draft draft = { .count = 0 };

		code = draft_read(argv[i], &draft);
		if (code != CLI_DONE)
			break;
		code = draft_submit(&job, &draft);
		draft_release(&draft);
	}
	client_close(job.submit.client);
	return code;
}
