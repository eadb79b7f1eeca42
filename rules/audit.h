/* SPDX-License-Identifier: MIT */
/*
 * audit.h -- decide a log again, entry by entry, and say where it is not what
 * the rules give.
 *
 * An auditor needs the log and nothing else: it keeps a state and a free-space
 * index of its own, makes every decision again from the entry's body and time,
 * and compares the outcome byte for byte. Pure: no clock, no I/O. Entries are
 * taken as they stand afterwards, so a finding speaks of its own entry only.
 */
#ifndef RULES_AUDIT_H
#define RULES_AUDIT_H

#include "alamo/rpsl/sshsig.h"
#include "alamo/rpsl/state.h"

enum audit_kind {
	AUDIT_FORM,
	AUDIT_INDEX,
	AUDIT_TIME,
	AUDIT_REPEATED,
	AUDIT_SIGNATURE,
	AUDIT_PREV,
	AUDIT_REFUSED,
	AUDIT_IDLE,
	AUDIT_ALLOCATION,
	AUDIT_RESULT,
	AUDIT_BYTES,
	AUDIT_OLDER, /* not counted as a finding: the entry stands */
	AUDIT_END,
	AUDIT_KINDS
};

struct audit_kind_row {
	const char *id;   /* "ALLOCATION" */
	const char *text; /* one sentence */
};
extern const struct audit_kind_row audit_kinds[AUDIT_KINDS];

struct audit_finding {
	uint64_t index; /* the entry's place in the log */
	enum audit_kind kind;
	const char *clause;   /* of the rule book (policy.h), or NULL */
	struct al_slice text; /* one line; may quote the log: not for a terminal as it is */
};
typedef void (*audit_fn)(void *arg, const struct audit_finding *finding);

struct audit_counts {
	uint64_t entries;
	uint64_t requests;
	uint64_t signatures;         /* on the requests; those that fail are findings */
	uint64_t unknown;            /* entries of a kind that this version does not know */
	uint64_t findings;           /* of all kinds but OLDER */
	uint64_t kinds[AUDIT_KINDS]; /* findings of each kind */
};

/* Who signed the request that entry `index` is; only for entries that are what the rules give. */
typedef void (*audit_signed_fn)(void *arg, uint64_t index, const struct al_sshkey *keys, size_t count);

struct audit_opts {
	struct al_slice ns; /* SSHSIG namespace; empty: "registry@" and the founded registry's name */
	audit_fn finding;
	audit_signed_fn signers; /* NULL: nobody asks; called before the state shows the entry */
	void *arg;
};

struct audit;
struct decision;

AL_MUST_USE enum al_err audit_new(const struct audit_opts *opts, struct audit **out);
void audit_free(struct audit *audit); /* NULL is allowed */
/*
 * The next entry of the log, in order. AL_ECLOSED: it cannot be applied, so
 * nothing behind it can be judged (the last finding says so); every later call
 * gives the same. AL_ENOMEM.
 */
AL_MUST_USE enum al_err audit_entry(struct audit *audit, struct al_slice bytes);
/*
 * The same in two halves. The first is most of the work and needs nothing of the log before the entry, so that any thread may do it:
 * its form and its signatures, by the log's namespace. NULL is an answer too: no request, or nothing that can be read.
 */
struct decision *audit_read(struct al_slice bytes, struct al_slice ns);
/* The second takes what the first gave of the same bytes; without it, it does all. */
AL_MUST_USE enum al_err audit_entry_read(struct audit *audit, struct al_slice bytes, struct decision *read);
/* From now on no entry may be later than this, the caller's clock; 0, as at first: any may. */
void audit_clock(struct audit *audit, uint64_t latest);
/* The sums so far; true when there is no finding. */
bool audit_finish(const struct audit *audit, struct audit_counts *out);
const struct al_state *audit_state(const struct audit *audit);

/* "registry@NAME" from a request that founds a registry; AL_ENOTFOUND without one. */
#define AUDIT_NAMESPACE_LEN 80
AL_MUST_USE enum al_err audit_namespace(struct al_slice body, char out[static AUDIT_NAMESPACE_LEN]);

#endif
