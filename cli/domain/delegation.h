/* SPDX-License-Identifier: MIT */
/*
 * delegation.h -- a delegated zone as its servers serve it, held against its domain object: no sockets.
 */
#ifndef CLI_DELEGATION_H
#define CLI_DELEGATION_H

#include "alamo/base/ident.h"
#include "authority/status.h"
#include "cds.h"
#include "delegation_ask.h"

#define DELEGATION_POINTS_MAX (DELEGATION_ADDRESSES_MAX * 8 + 8)
#define DELEGATION_TEXT_MAX 320

struct delegation_point {
	enum status_how how;
	const struct delegation_server *server; /* NULL: of all */
	char text[DELEGATION_TEXT_MAX];         /* what there is */
	char mend[DELEGATION_TEXT_MAX];         /* how to mend it; empty: nothing to do */
};

/* One address of a server, or a server without one. */
struct delegation_server {
	char name[AL_NAME_MAX + 1];
	char address[AL_PREFIX_STRLEN]; /* empty: its name has none */
	bool serves;                    /* it has the zone, with authority */
	uint32_t serial;
	struct delegation_address asked;
};

struct delegation {
	struct cds parent;     /* the zone's name and its DS set */
	ldns_rr_list *servers; /* NS records that the domain object stands for; owned */
	struct delegation_server all[DELEGATION_ADDRESSES_MAX];
	size_t count;
	bool cut; /* there are more addresses, which are not asked */
	struct delegation_point points[DELEGATION_POINTS_MAX];
	size_t point_count;
	enum status_how worst;
};

/* `name` in canonical form. Release in any case. Large: on the heap. */
AL_MUST_USE enum al_err delegation_init(struct delegation *d, const char *name);
void delegation_release(struct delegation *d);
/* A name of `nserver:`; again is allowed. */
AL_MUST_USE enum al_err delegation_server_name(struct delegation *d, struct al_slice name);
/* Another address of it, or none (NULL). */
void delegation_server_address(struct delegation *d, struct al_slice name, const struct al_prefix *address);
/* What the answers come to, as points: of each address what is wrong, or that nothing is; then of all together. */
void delegation_judge(struct delegation *d);

#endif
