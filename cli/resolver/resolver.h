/* SPDX-License-Identifier: MIT */
/*
 * resolver.h -- what a validating resolver needs so that a host knows the network's names beside the public ones.
 *
 *   anchors (DS lines), addresses of name servers -> struct resolver_plan -> one renderer a program -> its files
 *
 * The root is left alone: the names of ICANN keep the chain of ICANN, and each zone of the network has a trust anchor
 * of its own (RFC 4035 section 4.4, RFC 5914 names the thing).
 */
#ifndef CLI_RESOLVER_H
#define CLI_RESOLVER_H

#include "alamo/base/buf.h"
#include "alamo/base/ident.h"

#define RESOLVER_ZONES_MAX 32
#define RESOLVER_ANCHORS_MAX 64
#define RESOLVER_SERVERS_MAX 16
#define RESOLVER_FILES_MAX 2
#define RESOLVER_DS_MAX 128          /* "65535 255 4 " and 96 digits of hex */
#define RESOLVER_ANCHOR_BYTES 65536u /* of one file of anchors */
#define RESOLVER_TEXT_MAX (1u << 20) /* of one rendered file */

struct resolver_anchor {
	size_t zone;              /* index into plan->zones */
	char ds[RESOLVER_DS_MAX]; /* canonical: "TAG ALGORITHM TYPE HEX", one blank each */
};

struct resolver_server {
	char address[64]; /* a literal one */
	uint16_t port;
};

struct resolver_plan {
	char zones[RESOLVER_ZONES_MAX][AL_NAME_MAX + 1]; /* canonical, no last dot, never the root */
	size_t zone_count;
	struct resolver_anchor anchors[RESOLVER_ANCHORS_MAX];
	size_t anchor_count;
	struct resolver_server servers[RESOLVER_SERVERS_MAX];
	size_t server_count;
};

/* A file that a program reads. `render` is pure: the plan's bytes in the program's language. */
struct resolver_file {
	const char *path;
	const char *comment; /* what a comment begins with */
	void (*render)(const struct resolver_plan *plan, struct al_buf *out);
};

struct resolver_program {
	const char *name;
	struct resolver_file files[RESOLVER_FILES_MAX];
	size_t file_count;
	const char *after;    /* what its administrator does then, a command */
	const char *check[4]; /* words that read the file that is put behind them; none: it has no such mode */
	bool port_53_only;    /* it cannot be told of another port */
};

extern const struct resolver_program resolver_programs[];
extern const size_t resolver_program_count;
/* NULL: there is none. */
const struct resolver_program *resolver_program_find(const char *name);

/*
 * Takes the DS lines of a zone file ("ZONE [TTL] [IN] DS DATA", comments from ';'). Lines of the root are passed over:
 * its anchor stays the public one. AL_EINVAL with a sentence in `why` for any other line, AL_ELIMIT too many.
 */
AL_MUST_USE enum al_err resolver_take_anchors(struct resolver_plan *plan, struct al_slice text, struct al_buf *why);

/* Reverse zones are below arpa; resolvers have exceptions of their own for them. */
bool resolver_is_reverse(const char *zone);

void resolver_render_unbound(const struct resolver_plan *plan, struct al_buf *out);
void resolver_render_bind(const struct resolver_plan *plan, struct al_buf *out);
void resolver_render_kresd(const struct resolver_plan *plan, struct al_buf *out);
void resolver_render_dnsmasq(const struct resolver_plan *plan, struct al_buf *out);
void resolver_render_resolved(const struct resolver_plan *plan, struct al_buf *out);
void resolver_render_positive(const struct resolver_plan *plan, struct al_buf *out); /* trust anchors of resolved */

#endif
