/* SPDX-License-Identifier: MIT */
/*
 * book.h -- all that a decision looks at: the state, the index of what is
 * free, resting and held, and which texts became entries.
 *
 * One thing, because the three are folds over one log and only true together.
 * The registry, auditors and the tests' generator each keep one. One thread;
 * no clock, no I/O.
 */
#ifndef RULES_BOOK_H
#define RULES_BOOK_H

#include "decision.h"

struct book;

AL_MUST_USE enum al_err book_new(struct book **out);
void book_free(struct book *book); /* NULL is allowed */
/* Told of each object that changes, once the book shows it; one hook. Anything but AL_OK is book_load()'s and book_put()'s result. */
typedef enum al_err (*book_change_fn)(void *arg, const struct al_object *old, const struct al_object *now);
void book_observe(struct book *book, book_change_fn change, void *arg);

/*
 * The next entry of the log, as it stands. Of the errors of al_state_apply(), after which nothing
 * has changed, all but AL_ENOMEM; after AL_ENOMEM, or the hook's own error, the book is of no more use.
 */
AL_MUST_USE enum al_err book_load(struct book *book, struct al_slice entry);
/* decision_judge() over this book: the rules, by what stands in it. Nothing changes. */
AL_MUST_USE enum al_err book_decide(struct book *book, struct decision *decision, uint64_t now);
/* An accepted decision becomes the next entry. Errors as of book_load(), all of which spoil the book. */
AL_MUST_USE enum al_err book_put(struct book *book, const struct decision *decision);
/* Which entry the text of that identity (al_request_identity) became first. False: none. */
bool book_find_text(const struct book *book, const uint8_t hash[static AL_HASH_LEN], uint64_t *index);

const struct al_state *book_state(const struct book *book);
/* For look-ups that hold a block while they search (allot.h), and put it back. */
struct space *book_space(struct book *book);

#endif
