/* SPDX-License-Identifier: MIT */
/*
 * job.h -- the answer to one line, made in pieces.
 *
 * What a question found is found at once and its versions are held; writing
 * them out, and expanding sets, goes on over several turns. All of it is of
 * one log size, the one that the answer names.
 */
#ifndef WHOIS_JOB_H
#define WHOIS_JOB_H

#include "expand.h"

#define WHOIS_PIECE_BYTES 32768u /* of text in one piece of work, about */
#define WHOIS_JOB_NAME_MAX (WHOIS_LINE_MAX + 32)
#define WHOIS_PIECE_WORK 1000u /* members looked at, or written, in one */

enum whois_job_kind {
	WHOIS_JOB_NONE,    /* the answer is complete */
	WHOIS_JOB_PAST,    /* on the way to the state of size `at`; then any other */
	WHOIS_JOB_OBJECTS, /* RIPE form: objects, then the footer */
	WHOIS_JOB_DATA,    /* IRRd: objects into `data` */
	WHOIS_JOB_SET,     /* IRRd: an expansion, then its members into `data` */
	WHOIS_JOB_NRTM,    /* serials `at` to `end` */
};

struct whois_dialogue;

struct whois_job {
	enum whois_job_kind kind;
	struct whois_query how;          /* only its switches: it has no line any more */
	struct whois_view view;          /* with the head of the time of the question */
	struct whois_result result;      /* versions found */
	uint8_t *origins;                /* enum validity of each, or NULL */
	size_t held;                     /* of them: it has a reference of each */
	struct whois_past *past;         /* that it waits for, or keeps; NULL: neither */
	struct whois_dialogue *dialogue; /* whose command waits for the past; NULL: it is no command */
	size_t at;                       /* next object, member or serial */
	size_t end;                      /* of NRTM */
	bool live;                       /* NRTM with -k: goes on with what comes */
	size_t body;                     /* bytes of objects so far */
	struct whois_expansion *expansion;
	bool expanded;
	struct al_buf data;
	/* Of the expansion among the closures; empty: not to be kept. With WHOIS_JOB_PAST the line. */
	char name[WHOIS_JOB_NAME_MAX];
};

void whois_job_init(struct whois_job *job);
void whois_job_release(struct whois_job *job); /* safe on an initialised one; leaves it so */
/* Bytes that a job holds until it is done. */
size_t whois_job_bytes(const struct whois_job *job);
/* Notes the origin's state of each route found, for as long as it is of the state that they were found in. */
void whois_job_origins(struct whois_job *job);
/* The job waits for the past of that size from now on, and `name` with it; `view` is the present. */
void whois_job_go_back(struct whois_job *job, const struct whois_view *view, uint64_t size);
/* It is there: the job is as empty as before, `line` is what waited. */
void whois_job_arrive(struct whois_job *job, char line[static WHOIS_JOB_NAME_MAX]);
/* From now on what was found stays, whatever replaces it. */
void whois_job_hold(struct whois_job *job);
/* Has it nothing to do before the log grows? */
bool whois_job_rests(const struct whois_job *job);
/* One piece more, appended to `out`. True: the answer is complete and the job empty again. */
bool whois_job_run(struct whois_job *job, struct al_buf *out);

#endif
