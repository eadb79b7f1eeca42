/* SPDX-License-Identifier: MIT */
/*
 * irrd_command.h -- between irrd.c, which frames answers, and the commands.
 *
 * A command puts its data into the job and says how it is to be framed.
 */
#ifndef WHOIS_IRRD_COMMAND_H
#define WHOIS_IRRD_COMMAND_H

#include "irrd.h"

enum irrd_reply {
	REPLY_JOB,  /* not yet: job->kind says what is to be done for it */
	REPLY_DATA, /* A ... C, or D when there is none */
	REPLY_DONE, /* C */
	REPLY_SILENT,
	REPLY_ERROR, /* F; data is the text */
};

struct irrd {
	const struct whois_view *view;
	struct whois_dialogue *dialogue; /* NULL while a job goes on */
	struct whois_job *job;
};

enum irrd_reply irrd_fail(struct irrd *c, const char *text, struct al_slice about);
/* A failed expansion, a full result, an answer that is too large. */
enum irrd_reply irrd_fail_limit(struct irrd *c, enum al_err err);
/* Between two pieces of data, not before the first. */
void irrd_separator(struct irrd *c, const char *separator);

enum irrd_reply irrd_origin4(struct irrd *c, struct al_slice arg);
enum irrd_reply irrd_origin6(struct irrd *c, struct al_slice arg);
enum irrd_reply irrd_members(struct irrd *c, struct al_slice arg);
enum irrd_reply irrd_prefixes(struct irrd *c, struct al_slice arg);
enum irrd_reply irrd_exclude(struct irrd *c, struct al_slice arg);
enum irrd_reply irrd_at(struct irrd *c, struct al_slice arg);
/* What `job->name` says is asked again when the state of that size is there; empty: irrd_moment() is. */
enum irrd_reply irrd_go_back(struct irrd *c, uint64_t size);
/* From now on look-ups are of the view's size. Says "SIZE ROOT TIME". */
enum irrd_reply irrd_moment(struct irrd *c);
/* Expand on; then write some of the members. */
enum irrd_reply irrd_more_members(struct irrd *c);

#endif
