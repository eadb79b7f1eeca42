/* SPDX-License-Identifier: MIT */
/*
 * query.h -- one line of a client, read into what it asks for.
 *
 * Flags are those of the RIPE database, in short and long form; they stand
 * before or behind the key and may share one word ("-rBG"). A line that starts with '!'
 * is an IRRd command and goes to irrd.h as it is. Parsing is pure: it knows
 * the schema and nothing of the state.
 */
#ifndef WHOIS_QUERY_H
#define WHOIS_QUERY_H

#include "alamo/base/slice.h"
#include "alamo/base/ident.h"
#include "error.h"
#include "names.h"

#define WHOIS_LINE_MAX 1024 /* bytes, without CR and LF */
#define WHOIS_WORDS_MAX 60  /* in the key */
#define WHOIS_ATTRS_MAX 16  /* in all -i of a line */
#define WHOIS_SOURCES_MAX 4 /* -s in a line */
#define WHOIS_ALL_CLASSES ((1u << AL_CLASS_COUNT) - 1)

enum whois_kind {
	WHOIS_NOTHING, /* an empty line */
	WHOIS_KEEP,    /* "-k" alone: opens, or closes what an earlier -k opened */
	WHOIS_LOOKUP,
	WHOIS_INVERSE,  /* -i */
	WHOIS_TEMPLATE, /* -t */
	WHOIS_VERBOSE,  /* -v: the template, explained */
	WHOIS_SOURCES,  /* -q sources */
	WHOIS_VERSION,  /* -q version */
	WHOIS_TYPES,    /* -q types */
	WHOIS_HELP,
	WHOIS_LIST_VERSIONS, /* --list-versions */
	WHOIS_SHOW_VERSION,  /* --show-version */
	WHOIS_DIFF_VERSIONS, /* --diff-versions */
	WHOIS_NRTM,          /* -g */
	WHOIS_WHY,           /* "why PREFIX AS": `key` is what stands behind the word */
	WHOIS_IRRD,          /* `key` is the command after its '!' */
};

enum whois_match {
	WHOIS_BEST,     /* exact, else the smallest that covers it */
	WHOIS_EXACT,    /* -x */
	WHOIS_ONE_LESS, /* -l */
	WHOIS_ALL_LESS, /* -L: an equal one included */
	WHOIS_ONE_MORE, /* -m */
	WHOIS_ALL_MORE, /* -M: an equal one left out */
};

#define WHOIS_NRTM_LAST UINT64_MAX /* "LAST" */

/* Slices point into the parsed line. */
struct whois_query {
	enum whois_kind kind;
	enum whois_match match;
	bool keep;                              /* -k */
	bool keys_only;                         /* -K */
	bool brief;                             /* -F: attributes by their two letters */
	bool contact_only;                      /* -b: who answers for it */
	bool contact_net;                       /* -c: the smallest block around that names a contact */
	bool reverse;                           /* -d: the block that delegates the reverse zone as well */
	unsigned classes;                       /* bit (1 << class); all without -T */
	enum al_class cls;                      /* of -t and -v */
	struct al_slice attrs[WHOIS_ATTRS_MAX]; /* full names */
	size_t attr_count;
	struct al_slice sources[WHOIS_SOURCES_MAX]; /* of each -s, comma lists; none: ours */
	size_t source_count;
	bool past;            /* --at */
	struct al_moment at;  /* its moment */
	struct al_slice line; /* all of it, trimmed */
	uint64_t version[2];  /* of --show-version and --diff-versions */
	struct {
		struct al_slice source;
		uint64_t first, last;
	} nrtm; /* of -g */
	struct al_slice key;
};

/* `line` without its line end. AL_EINVAL: *error says why, *out is not touched. */
AL_MUST_USE enum al_err whois_query_parse(struct al_slice line, struct whois_query *out, struct whois_error *error);

#endif
