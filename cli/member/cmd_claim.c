/* SPDX-License-Identifier: MIT */
/*
 * cmd_claim.c -- `alamo claim`: an imported maintainer, given to a new key by
 * one of its old ones.
 *
 * The old key signs one short text, which names registry, maintainer and new
 * key, and nothing that came over the network. The maintainer's object with the
 * proof in it is printed, to be read and sent with `alamo submit`.
 */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "alamo/rpsl/claim.h"
#include "alamo/rpsl/schema.h"
#include "answer.h"
#include "fetch.h"
#include "network.h"
#include "settings.h"
#include "sign.h"

struct options {
	struct registry registry;
	const char *key, *old_key;
};

struct claim {
	struct al_buf key;    /* new, as auth: has it */
	struct al_buf mntner; /* canonical */
	struct al_buf proof;
};

/* Signed by the old key; base64 of the blob. */
static enum al_err proof_make(struct claim *c, const struct network *network, const char *old_key)
{
	struct al_slice source = al_slice_str(network->source);
	struct al_buf ns, text, armored;
	enum al_err err;

	al_buf_init(&ns, 400);
	al_buf_init(&text, 1024);
	al_buf_init(&armored, 65536);
	al_claim_namespace(source, &ns);
	al_buf_u8(&ns, 0);
	al_claim_text(source, al_buf_view(&c->mntner), al_buf_view(&c->key), &text);
	err = ns.err != AL_OK ? ns.err : text.err;
	if (err == AL_OK)
		err = sign_text(old_key, (const char *)ns.ptr, al_buf_view(&text), &armored);
	if (err == AL_OK) {
		err = al_claim_proof_of(al_buf_view(&armored), &c->proof);
		if (err == AL_EINVAL || err == AL_EUNSUPPORTED)
			command_fail(CLI_USAGE, "%s is no RSA or ECDSA key: an Ed25519 key signs requests itself",
				     old_key);
	}
	al_buf_release(&ns);
	al_buf_release(&text);
	al_buf_release(&armored);
	return err;
}

/* The object without keys and proofs, with those of the claim before its mnt-by:. */
static void object_put(const struct claim *c, struct al_slice shown, struct al_buf *out)
{
	struct al_slice line, name;
	bool put = false;

	while (al_slice_line(&shown, &line)) {
		struct al_slice rest = line;

		(void)al_slice_cut(&rest, ':', &name);
		if (al_slice_caseis(name, "auth") || al_slice_caseis(name, "claim-proof"))
			continue;
		if (al_slice_caseis(name, "mnt-by") && !put) {
			al_buf_printf(out, "auth:           %.*s\nclaim-proof:    %.*s\n", AL_FMT(al_buf_view(&c->key)),
				      AL_FMT(al_buf_view(&c->proof)));
			put = true;
		}
		al_buf_slice(out, line);
		al_buf_u8(out, '\n');
	}
}

static int claim_print(struct claim *c, struct client *client, const struct network *network, const char *old_key)
{
	struct al_slice text = AL_S("");
	struct al_buf shown, out;
	char wanted[120];
	enum al_err err;
	int code;

	al_buf_init(&shown, 2 * CLIENT_ANSWER_MAX);
	al_buf_init(&out, 2 * CLIENT_ANSWER_MAX);
	snprintf(wanted, sizeof(wanted), "mntner %.*s", AL_FMT(al_buf_view(&c->mntner)));
	err = fetch_object(client, wanted, &shown);
	code = err == AL_OK ? CLI_DONE : command_exit(err);
	if (err == AL_ENOTFOUND) {
		(void)answer_is_error(al_buf_view(&shown), &text);
		code = command_fail(CLI_REFUSED, "%.*s", AL_FMT(text));
	}
	if (code == CLI_DONE)
		code = command_exit(proof_make(c, network, old_key));
	if (code == CLI_DONE) {
		object_put(c, al_buf_view(&shown), &out);
		command_print_remote(al_buf_view(&out));
	}
	al_buf_release(&shown);
	al_buf_release(&out);
	return code;
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct client *client = NULL;
	struct network network;
	char key[SETTING_MAX];
	struct claim c;
	enum al_err err;
	int code = CLI_USAGE;

	al_buf_init(&c.key, 1024);
	al_buf_init(&c.mntner, 100);
	al_buf_init(&c.proof, 2 * AL_CLAIM_BLOB_MAX);
	if (al_key_canon(AL_MNTNER, al_slice_str(words->word[0]), &c.mntner) != AL_OK)
		code = command_fail(CLI_USAGE, "%s is no maintainer's name", words->word[0]);
	else if (settings_key(options->key, key) == AL_OK && sign_public(key, &c.key) == AL_OK)
		code = CLI_DONE;
	if (code == CLI_DONE) {
		err = network_open(&options->registry, &client, &network);
		code = err == AL_OK ? claim_print(&c, client, &network, options->old_key) : command_exit(err);
	}
	client_close(client);
	al_buf_release(&c.key);
	al_buf_release(&c.mntner);
	al_buf_release(&c.proof);
	return code;
}

static const struct command_form forms[] = { { NULL, "MNTNER", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "old-key",
	  .letter = 'o',
	  .arg = "FILE",
	  .needed = true,
	  OPTION_AT(struct options, old_key),
	  .meaning = "the RSA or ECDSA key that the maintainer had before it was imported" },
	OPTION_KEY(struct options, key, NULL, "the Ed25519 key that shall speak for it"),
	REGISTRY_ROWS(struct options, registry),
};

const struct command command_claim = {
	.name = "claim",
	.group = GROUP_MEMBER,
	.help = "give an imported maintainer to a new key, by one of its old ones",
	.notes = "Prints the maintainer's object with the proof in it. Read it, and send it with `alamo submit`:\n"
		 "  alamo claim ANN-MNT --old-key ~/.ssh/id_rsa >claim\n"
		 "  alamo submit claim",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
