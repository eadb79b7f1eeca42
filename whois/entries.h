/* SPDX-License-Identifier: MIT */
/*
 * entries.h -- what is kept of each entry of the log besides its objects: when it was, its leaf hash, and whose
 * signatures it carries. In a spool; memory holds half a byte an entry.
 */
#ifndef WHOIS_ENTRIES_H
#define WHOIS_ENTRIES_H

#include "alamo/rpsl/request.h"
#include "alamo/tlog/tree.h"

struct whois_entries;

struct whois_entry {
	uint64_t time; /* Unix seconds */
	struct al_hash leaf;
	unsigned signers;
	/* "SHA256:...", as ssh-keygen shows them. The registry verified them; here they are what the entry says. */
	char signer[AL_REQUEST_SIGNATURES_MAX][AL_SSH_FINGERPRINT_LEN];
};

/* `folder` gets the spool's file. */
AL_MUST_USE enum al_err whois_entries_new(const char *folder, struct whois_entries **out);
void whois_entries_free(struct whois_entries *entries); /* NULL is allowed */
/* The next entry, as it is hashed. */
void whois_entries_add(struct whois_entries *entries, struct al_slice bytes, const struct al_hash *leaf);
uint64_t whois_entries_count(const struct whois_entries *entries);
/* AL_ENOTFOUND: not there, or none was kept since one was lost. */
AL_MUST_USE enum al_err whois_entries_get(const struct whois_entries *entries, uint64_t index, struct whois_entry *out);

#endif
