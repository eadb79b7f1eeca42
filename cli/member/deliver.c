/* SPDX-License-Identifier: MIT */
/*
 * deliver.c -- a signed request to the registry, and what of its answer is true.
 */
#include "deliver.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alamo/net/loop.h"
#include "alamo/rpsl/request.h"
#include "answer.h"
#include "command.h"
#include "file.h"
#include "home.h"
#include "log/receipt.h"

#define REST_MAX 256 /* "NETWORK/receipts/INDEX.tlog-proof" */
#define REQUEST_MAX (1u << 21)

/* ---- receipts ---- */

static enum al_err unproved(const struct submit *submit, const char *why)
{
	command_fail(CLI_UNVERIFIED,
		     "the registry at %s says that it is done, but %s.\n"
		     "The log key is pinned as %s. Nothing of the answer is believed.",
		     client_server(submit->client), why, submit->network->vkey);
	return AL_EVERIFY;
}

static enum al_err receipt_write(const char *path, struct al_slice bytes)
{
	enum al_err err = file_write(path, bytes, 0644);

	if (err != AL_OK)
		command_fail(CLI_REFUSED, "the receipt cannot be kept in %s: %s", path, strerror(errno));
	return err;
}

/* It is done, whether the receipt can be kept or not: so that is said, and no failure of the request. */
static void receipt_keep(const struct submit *submit, uint64_t index, struct al_slice bytes)
{
	char rest[REST_MAX], path[PATH_MAX];
	enum al_err err;

	snprintf(rest, sizeof(rest), "%.63s/receipts/%llu.tlog-proof", submit->network->name,
		 (unsigned long long)index);
	err = home_make(HOME_DATA, rest, path);
	if (err == AL_OK)
		(void)receipt_write(path, bytes);
	else
		command_fail(CLI_REFUSED, "the receipt cannot be kept: %s",
			     err == AL_ESYS ? strerror(errno) : "there is no $HOME");
}

/* The receipt in the answer is that of exactly this request, with the results that the answer tells. */
static enum al_err receipt_check(const struct submit *submit, struct al_slice request, struct al_slice answer)
{
	struct al_buf entry, out;
	struct al_slice receipt;
	uint64_t index = 0;
	enum al_err err;

	al_buf_init(&entry, AL_ENTRY_MAX);
	al_buf_init(&out, RECEIPT_MAX);
	err = receipt_find(answer, &receipt);
	if (err == AL_OK)
		err = answer_index(answer, &index);
	if (err == AL_OK)
		err = receipt_rebuild(request, answer, &submit->network->key, al_now_s(), &entry);
	if (err == AL_OK)
		err = receipt_join(receipt, al_buf_view(&entry), &out);
	if (err == AL_ENOMEM)
		command_fail(CLI_REFUSED, "out of memory");
	else if (err == AL_EVERIFY)
		err = unproved(submit, "its receipt is not signed by the log's key");
	else if (err != AL_OK)
		err = unproved(submit, "its receipt is not for this request and these results");
	if (err == AL_OK)
		receipt_keep(submit, index, al_buf_view(&out));
	if (err == AL_OK && submit->receipt != NULL)
		err = receipt_write(submit->receipt, al_buf_view(&out));
	al_buf_release(&out);
	al_buf_release(&entry);
	return err;
}

/* Everything was as wanted already: then there is no entry, and nothing to prove. */
static bool nothing_to_do(struct al_slice answer)
{
	struct answer_object object;
	size_t count = 0;

	while (answer_next(&answer, &object)) {
		if (!object.succeeded || !al_slice_is(object.action, "No operation"))
			return false;
		count++;
	}
	return count > 0;
}

/* Does anything in it look as if something were done? A line of a report, a receipt, or simply no complaint. */
static bool claims_success(struct al_slice answer)
{
	struct al_slice rest = answer, line;

	if (answer_accepted(answer) || answer_has(answer, "% receipt:"))
		return true;
	while (al_slice_line(&rest, &line))
		if (al_slice_starts(line, "  ") && answer_has(line, " SUCCEEDED"))
			return true;
	return false;
}

static enum al_err answer_judge(const struct submit *submit, struct al_slice request, struct al_slice answer)
{
	if (submit->dry_run || !claims_success(answer))
		return AL_OK;
	if (nothing_to_do(answer) && !answer_has(answer, "% receipt:")) {
		fprintf(stderr,
			"alamo: the registry at %s says that nothing had to be changed; there is no proof of that\n",
			client_server(submit->client));
		return AL_OK;
	}
	if (!answer_accepted(answer))
		return unproved(submit, "says in the same answer that it is not");
	if (!answer_has(answer, "% receipt:"))
		return unproved(submit, "gives no receipt");
	return receipt_check(submit, request, answer);
}

enum al_err deliver(const struct submit *submit, struct al_slice request, struct al_buf *answer)
{
	enum al_err err = client_request(submit->client, request, answer);

	if (err == AL_OK)
		err = answer_judge(submit, request, al_buf_view(answer));
	if (err != AL_OK)
		al_buf_reset(answer);
	return err;
}

/* ---- pending ---- */

static void hash_slice(crypto_hash_sha256_state *state, struct al_slice bytes)
{
	uint64_t len = bytes.len;

	crypto_hash_sha256_update(state, (const unsigned char *)&len, sizeof(len));
	crypto_hash_sha256_update(state, (const unsigned char *)(bytes.ptr != NULL ? bytes.ptr : ""), bytes.len);
}

void deliver_id(const struct submit *submit, const struct draft *draft, char out[static DELIVER_ID_LEN])
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < submit->key_count; i++)
		hash_slice(&state, al_slice_str(submit->keys[i]));
	if (submit->same.len > 0) {
		hash_slice(&state, submit->same);
	} else {
		hash_slice(&state, draft->header);
		hash_slice(&state, draft->contacts);
		for (size_t i = 0; i < draft->count; i++)
			hash_slice(&state, draft->objects[i]);
	}
	crypto_hash_sha256_final(&state, hash);
	(void)sodium_bin2hex(out, DELIVER_ID_LEN, hash, (DELIVER_ID_LEN - 1) / 2);
}

static void pending_rest(const struct submit *submit, const char *id, char out[static REST_MAX])
{
	snprintf(out, REST_MAX, "%.63s/pending/%s", submit->network->name, id);
}

enum al_err deliver_pending(const struct submit *submit, const char *id, struct al_buf *request)
{
	char rest[REST_MAX], path[PATH_MAX];
	enum al_err err;

	pending_rest(submit, id, rest);
	err = home_path(HOME_STATE, rest, path);
	if (err == AL_OK)
		err = file_read(path, request);
	if (err == AL_ESYS)
		command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	return err;
}

enum al_err deliver_remember(const struct submit *submit, const char *id, struct al_slice request)
{
	char rest[REST_MAX], path[PATH_MAX];
	enum al_err err;

	pending_rest(submit, id, rest);
	err = home_make(HOME_STATE, rest, path);
	if (err == AL_OK)
		err = file_write(path, request, 0600);
	if (err == AL_ENOTFOUND)
		return AL_OK; /* nobody's home: as before there were files */
	if (err != AL_OK)
		command_fail(CLI_REFUSED, "%s cannot be written: %s; nothing was sent", path, strerror(errno));
	return err;
}

void deliver_forget(const struct submit *submit, const char *id)
{
	char rest[REST_MAX], path[PATH_MAX];

	pending_rest(submit, id, rest);
	if (home_path(HOME_STATE, rest, path) == AL_OK)
		(void)unlink(path);
}

bool deliver_waits(struct al_slice answer)
{
	return answer_has(answer, "% queued: ") || al_slice_starts(answer, "%ERROR");
}
