/* SPDX-License-Identifier: MIT */
/*
 * waiter.h -- one submission that waits for the readers or the ledger, and the
 * pipeline that it is in. Private to pipeline.c and the ways out of it: again.c
 * (the same bytes), ask.c (the hostmaster's queue).
 */
#ifndef REGISTRY_WAITER_H
#define REGISTRY_WAITER_H

#include "judged.h"
#include "pipeline.h"
#include "tariff.h"

#define NAMESPACE_MAX 96

struct pipeline {
	struct ledger *ledger;
	struct book *book;       /* NULL: it could not be rebuilt */
	bool broken;             /* a commit failed; rebuild before the next decision */
	size_t in_flight;        /* jobs in the ledger */
	struct readers *readers; /* NULL: requests are read in place */
	struct tariff tariff;    /* borrowed budgets; all NULL: nobody pays */
	struct judged judged;
	const char *full;    /* why nothing may be stored, or NULL */
	struct al_buf reply; /* scratch */
	struct al_buf entry; /* scratch */
	char ns[NAMESPACE_MAX];
};

struct waiter {
	struct pipeline *pipeline;
	struct decision *decision; /* NULL: a control request, or a stored answer is asked for again */
	struct al_buf stored;      /* its text, or the entry's bytes */
	uint64_t index;
	struct payer source; /* who has paid for it already */
	bool paid;           /* by `source` */
	bool joined;         /* the queue was asked for its contact blocks */
	pipeline_answer_fn answer;
	void *arg;
};

struct waiter *waiter_new(struct pipeline *p, struct decision *decision, pipeline_answer_fn answer, void *arg);
/* Each of these answers, and frees. */
void waiter_answer(struct waiter *w, const struct ledger_receipt *receipt);
void waiter_fail(struct waiter *w, const char *text);
void waiter_free(struct waiter *w); /* without a word */
/* The answer to a submission that nobody waits for. */
void waiter_refuse(struct pipeline *p, pipeline_answer_fn answer, void *arg, const char *text);

/* A job is back from the ledger; the last one after a failure lets the pipeline go on. */
void pipeline_landed(struct pipeline *p);

/* again.c: the text is entry `index`: its answer, again. */
void answer_again(struct pipeline *p, struct waiter *w, uint64_t index);
/* pipeline.c: decide, and all that follows. */
void pipeline_judge(struct pipeline *p, struct waiter *w);
/* ask.c: for the hostmaster to decide. */
void ask_hostmaster(struct pipeline *p, struct waiter *w);
/* Nothing is wrong with it but that contact blocks are missing, which whoever reads the queue is not shown. */
bool ask_lacks_contacts(const struct decision *d);
/* Judged again with those of the same text that waits; refused as it is if none does. */
void ask_for_contacts(struct pipeline *p, struct waiter *w);

#endif
