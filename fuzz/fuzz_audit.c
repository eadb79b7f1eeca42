/* links: alamo_rules */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_audit.c -- a log that anybody may have written, entries divided by NUL
 * bytes: deciding it again and applying it as it stands must be safe, and an
 * entry that was applied has moved the state by one.
 *
 * Each entry is audited with a signature of one fixed key, whose public part
 * the corpus has: no fuzzer would find one, and the rules would stay unread.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/rpsl/sshsig.h"
#include "audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The entry with its text signed; other bytes as they are. */
static struct al_slice entry_sign(struct al_slice bytes, struct al_buf *body, struct al_buf *out)
{
	uint8_t seed[32];
	char ns[AUDIT_NAMESPACE_LEN];
	struct al_entry entry;

	al_buf_reset(body);
	al_buf_reset(out);
	if (al_entry_decode(bytes, &entry) != AL_OK || entry.body.len == 0)
		return bytes;
	memset(seed, 1, sizeof(seed));
	if (audit_namespace(entry.body, ns) != AL_OK)
		(void)snprintf(ns, sizeof(ns), "registry@tt");
	al_buf_slice(body, entry.body);
	al_sshsig_sign(seed, al_slice_str(ns), entry.body, body);
	entry.body = al_buf_view(body);
	return al_entry_encode(&entry, out) == AL_OK ? al_buf_view(out) : bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_slice rest = al_slice_of(data, size), entry;
	struct audit_opts opts = { .finding = NULL };
	struct audit_counts counts;
	struct audit *audit;
	struct al_buf body, bytes;
	uint64_t applied = 0;
	enum al_err err = AL_OK;

	if (sodium_init() < 0 || audit_new(&opts, &audit) != AL_OK)
		return 0;
	al_buf_init(&body, AL_REQUEST_MAX);
	al_buf_init(&bytes, 2 * AL_ENTRY_MAX);
	while (rest.len > 0 && err == AL_OK) {
		(void)al_slice_cut(&rest, '\0', &entry);
		err = audit_entry(audit, entry_sign(entry, &body, &bytes));
		applied += err == AL_OK;
	}
	(void)audit_finish(audit, &counts);
	if (al_state_size(audit_state(audit)) != applied || counts.requests + counts.unknown > counts.entries)
		abort();
	audit_free(audit);
	al_buf_release(&body);
	al_buf_release(&bytes);
	return 0;
}
