/* SPDX-License-Identifier: MIT */
/*
 * rpki.h -- the verbs of `alamo rpki`, and their options.
 */
#ifndef CLI_RPKI_H
#define CLI_RPKI_H

#include "log/log_read.h"
#include "option.h"
#include "rpki_store.h"

struct rpki_options {
	struct log_read_options where;
	const char *log_key, *repository, *notify, *anchor;
	struct option_list locators;
	struct option_number every, brake;
	bool release, now, metrics;
};

int rpki_init(const struct words *words, const void *options);
int rpki_renew(const struct words *words, const void *options);
int rpki_sign(const struct words *words, const void *options);
int rpki_accept(const struct words *words, const void *options);
int rpki_roll(const struct words *words, const void *options);
int rpki_publish(const struct words *words, const void *options);
int rpki_status(const struct words *words, const void *options);

/* The ceremony at once, with the anchor's folder at hand: sign what is asked, and accept it. An exit code. */
int rpki_ceremony(struct rpki_store *store, const char *anchor);
int rpki_take_answer(struct rpki_store *store, const char *path);
/* A key that validators have known for long enough takes over; with `now`, at once. An exit code; *done: it did. */
int rpki_take_over(struct rpki_store *store, bool now, bool *done);

#endif
