/* SPDX-License-Identifier: MIT */
/*
 * generation.h -- a publication as files, switched all at once.
 *
 *   current -> publications/NUMBER
 *     issued       what it consists of (x509/issued.h)
 *     set          the records, as signed route origins have them
 *     repository/  for rsyncd: a module's path
 *     rrdp/        for a web server: the folder of the notification file
 *
 * Files that stay are links to those of the publication before. Who began to read one publication finishes with it:
 * the last ones stay for an hour.
 */
#ifndef CLI_RPKI_GENERATION_H
#define CLI_RPKI_GENERATION_H

#include "issue.h"
#include "rpki_store.h"

struct generation {
	struct issued issued; /* number 0: nothing is published */
	struct vrp_set *set;  /* NULL then */
};

/* An exit code; release in any case. */
int generation_read(const char *dir, struct generation *out);
void generation_release(struct generation *generation);
/* issue->next gets its RRDP fields. */
int generation_write(const struct rpki_store *store, const struct generation *before, struct issue *issue,
		     const struct vrp_set *set);
/* Those that nobody reads any more are removed. */
void generation_clean(const char *dir, uint64_t now);

#endif
