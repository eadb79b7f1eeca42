/* SPDX-License-Identifier: MIT */
/*
 * query.c -- the query grammar: option table, words, final checks.
 *
 * Pure and bounded by the line's length; no allocation. Each table row is one
 * flag with its long name, so that combined short flags and long ones take
 * the same path.
 */
#include "query.h"

#include <stddef.h>

enum action {
	ACT_NONE, /* accepted: what it asks for is what we always do */
	ACT_SET,  /* switches one member of the query on */
	ACT_MATCH,
	ACT_TYPES,
	ACT_INVERSE,
	ACT_SOURCES,
	ACT_ASK,
	ACT_KIND,
	ACT_TEMPLATE,
	ACT_VERSIONS,
	ACT_NRTM,
	ACT_AT,
	ACT_UNSUPPORTED,
};

struct option {
	char letter; /* 0: long form only */
	bool value;  /* takes one */
	enum action action;
	int detail; /* enum whois_match, enum whois_kind, or the member's offset */
	const char *name;
};

static const struct option options[] = {
	{ 'x', false, ACT_MATCH, WHOIS_EXACT, "exact" },
	{ 'l', false, ACT_MATCH, WHOIS_ONE_LESS, "one-less" },
	{ 'L', false, ACT_MATCH, WHOIS_ALL_LESS, "all-less" },
	{ 'm', false, ACT_MATCH, WHOIS_ONE_MORE, "one-more" },
	{ 'M', false, ACT_MATCH, WHOIS_ALL_MORE, "all-more" },
	{ 'T', true, ACT_TYPES, 0, "select-types" },
	{ 'i', true, ACT_INVERSE, 0, "inverse" },
	{ 'r', false, ACT_NONE, 0, "no-referenced" },
	{ 'B', false, ACT_NONE, 0, "no-filtering" },
	{ 'G', false, ACT_NONE, 0, "no-grouping" },
	{ 'F', false, ACT_SET, offsetof(struct whois_query, brief), "brief" },
	{ 'K', false, ACT_SET, offsetof(struct whois_query, keys_only), "primary-keys" },
	{ 'k', false, ACT_SET, offsetof(struct whois_query, keep), "persistent-connection" },
	{ 'a', false, ACT_NONE, 0, "all-sources" },
	{ 's', true, ACT_SOURCES, 0, "sources" },
	{ 'q', true, ACT_ASK, 0, NULL },
	{ 0, false, ACT_KIND, WHOIS_SOURCES, "list-sources" },
	{ 0, false, ACT_KIND, WHOIS_VERSION, "version" },
	{ 0, false, ACT_KIND, WHOIS_TYPES, "types" },
	{ 0, false, ACT_KIND, WHOIS_HELP, "help" },
	{ 't', true, ACT_TEMPLATE, WHOIS_TEMPLATE, "template" },
	{ 'v', true, ACT_TEMPLATE, WHOIS_VERBOSE, "verbose" },
	{ 'V', true, ACT_NONE, 0, "client" },
	{ 'C', false, ACT_NONE, 0, "no-irt" },
	{ 'Z', true, ACT_NONE, 0, "charset" },
	{ 0, false, ACT_NONE, 0, "no-personal" },
	{ 0, false, ACT_NONE, 0, "show-personal" },
	{ 'b', false, ACT_SET, offsetof(struct whois_query, contact_only), "abuse-contact" },
	{ 'c', false, ACT_SET, offsetof(struct whois_query, contact_net), "irt" },
	{ 'd', false, ACT_SET, offsetof(struct whois_query, reverse), "reverse-domain" },
	{ 'g', true, ACT_NRTM, WHOIS_NRTM, NULL },
	{ 0, true, ACT_AT, 0, "at" },
	{ 0, false, ACT_UNSUPPORTED, 0, "resource" },
	{ 0, false, ACT_UNSUPPORTED, 0, "valid-syntax" },
	{ 0, false, ACT_UNSUPPORTED, 0, "no-valid-syntax" },
	{ 0, false, ACT_VERSIONS, WHOIS_LIST_VERSIONS, "list-versions" },
	{ 0, true, ACT_VERSIONS, WHOIS_SHOW_VERSION, "show-version" },
	{ 0, true, ACT_VERSIONS, WHOIS_DIFF_VERSIONS, "diff-versions" },
};

_Static_assert(AL_COUNT(options) <= 64, "parser.seen has a bit for each option");

struct parser {
	struct al_slice rest;
	struct whois_query query;
	bool kind_given;
	struct al_slice key; /* words that are no options, from the first to the last */
	bool key_ended;      /* an option stood behind it */
	uint64_t seen;       /* options so far, by table row */
	bool searches;       /* one of them is about more than the conversation and the moment */
	struct whois_error *error;
};

static enum al_err fail(struct parser *p, unsigned number, struct al_slice subject)
{
	p->error->number = number;
	p->error->subject = subject;
	return AL_EINVAL;
}

/* Next non-empty item of a comma list. */
static bool list_next(struct al_slice *rest, struct al_slice *item)
{
	return al_slice_word(rest, ",", item);
}

static enum al_err take_classes(struct parser *p, struct al_slice list)
{
	struct al_slice rest = list, item;
	unsigned classes = 0;
	enum al_class cls;

	while (list_next(&rest, &item)) {
		if (whois_class_parse(item, &cls) != AL_OK)
			return fail(p, 103, item);
		classes |= 1u << cls;
	}
	if (classes == 0)
		return fail(p, 103, list);
	/* A second -T adds to the first, as in the RIPE database. */
	p->query.classes = p->query.classes == WHOIS_ALL_CLASSES ? classes : p->query.classes | classes;
	return AL_OK;
}

static bool attr_searchable(struct al_slice attr)
{
	const struct al_attr_rule *rule;
	int cls;

	for (cls = 0; cls < AL_CLASS_COUNT; cls++) {
		rule = al_class_rule((enum al_class)cls, attr);
		if (rule != NULL && (rule->flags & (AL_INVERSE | AL_PRIMARY)) != 0)
			return true;
	}
	return false;
}

static enum al_err add_attr(struct parser *p, struct al_slice attr)
{
	struct whois_query *q = &p->query;

	for (size_t i = 0; i < q->attr_count; i++)
		if (al_slice_caseeq(q->attrs[i], attr))
			return AL_OK;
	if (q->attr_count == WHOIS_ATTRS_MAX)
		return AL_ELIMIT;
	q->attrs[q->attr_count++] = attr;
	return AL_OK;
}

static enum al_err take_attrs(struct parser *p, struct al_slice list)
{
	struct al_slice rest = list, item, attrs[WHOIS_NAMES_GROUP_MAX];
	size_t i, count;

	while (list_next(&rest, &item)) {
		count = whois_attrs_parse(item, attrs);
		if (count == 0)
			return fail(p, 104, item);
		if (!attr_searchable(attrs[0]))
			return fail(p, 105, item);
		for (i = 0; i < count; i++)
			if (add_attr(p, attrs[i]) != AL_OK)
				return fail(p, 118, list);
	}
	return p->query.attr_count > 0 ? AL_OK : fail(p, 104, list);
}

static enum al_err take_sources(struct parser *p, struct al_slice list)
{
	if (p->query.source_count == WHOIS_SOURCES_MAX)
		return fail(p, 110, list);
	p->query.sources[p->query.source_count++] = list;
	return AL_OK;
}

static enum al_err take_kind(struct parser *p, enum whois_kind kind, struct al_slice word)
{
	if (p->kind_given)
		return fail(p, 109, word);
	p->kind_given = true;
	p->query.kind = kind;
	return AL_OK;
}

/* The value of -q. */
static enum al_err take_ask(struct parser *p, struct al_slice what)
{
	if (al_slice_caseis(what, "sources"))
		return take_kind(p, WHOIS_SOURCES, what);
	if (al_slice_caseis(what, "version"))
		return take_kind(p, WHOIS_VERSION, what);
	if (al_slice_caseis(what, "types"))
		return take_kind(p, WHOIS_TYPES, what);
	return fail(p, 111, what);
}

static enum al_err take_match(struct parser *p, enum whois_match match, struct al_slice word)
{
	if (p->query.match != WHOIS_BEST)
		return fail(p, 901, word);
	p->query.match = match;
	return AL_OK;
}

static enum al_err take_number(struct parser *p, struct al_slice text, uint64_t *out)
{
	return al_slice_u64(text, UINT32_MAX, out) == AL_OK && *out > 0 ? AL_OK : fail(p, 111, text);
}

/* "N" or "A:B". */
static enum al_err take_versions(struct parser *p, enum whois_kind kind, struct al_slice word, struct al_slice value)
{
	uint64_t *version = p->query.version;
	struct al_slice first = value;
	enum al_err err = take_kind(p, kind, word);

	if (err != AL_OK || kind == WHOIS_LIST_VERSIONS)
		return err;
	if (kind == WHOIS_DIFF_VERSIONS && !al_slice_cut(&value, ':', &first))
		return fail(p, 111, first);
	err = take_number(p, first, &version[0]);
	if (err == AL_OK && kind == WHOIS_DIFF_VERSIONS)
		err = take_number(p, value, &version[1]);
	return err;
}

/* "SOURCE:3:FIRST-LAST", where LAST may be the word. */
static enum al_err take_nrtm(struct parser *p, struct al_slice value)
{
	struct al_slice rest = value, source, version, first;
	uint64_t last = WHOIS_NRTM_LAST;

	if (!al_slice_cut(&rest, ':', &source) || !al_slice_cut(&rest, ':', &version) ||
	    !al_slice_cut(&rest, '-', &first) || al_slice_u64(first, UINT32_MAX, &p->query.nrtm.first) != AL_OK ||
	    (!al_slice_caseis(rest, "LAST") && al_slice_u64(rest, UINT32_MAX, &last) != AL_OK))
		return fail(p, 405, value);
	if (!al_slice_is(version, "3"))
		return fail(p, 406, value);
	p->query.nrtm.source = source;
	p->query.nrtm.last = last;
	return take_kind(p, WHOIS_NRTM, value);
}

static enum al_err apply(struct parser *p, const struct option *option, struct al_slice word, struct al_slice value)
{
	uint64_t bit = UINT64_C(1) << (option - options);

	/* Lists are joined, as in the RIPE database; anything else is said once. */
	if ((p->seen & bit) != 0 && option->action != ACT_TYPES && option->action != ACT_INVERSE &&
	    option->action != ACT_SOURCES)
		return fail(p, 110, word);
	p->seen |= bit;
	p->searches = p->searches || !(option->action == ACT_AT || option->letter == 'k');
	switch (option->action) {
	case ACT_NONE:
		return AL_OK;
	case ACT_SET:
		*(bool *)((char *)&p->query + option->detail) = true;
		return AL_OK;
	case ACT_MATCH:
		return take_match(p, (enum whois_match)option->detail, word);
	case ACT_TYPES:
		return take_classes(p, value);
	case ACT_INVERSE:
		return take_attrs(p, value);
	case ACT_SOURCES:
		return take_sources(p, value);
	case ACT_ASK:
		return take_ask(p, value);
	case ACT_KIND:
		return take_kind(p, (enum whois_kind)option->detail, word);
	case ACT_TEMPLATE:
		if (whois_class_parse(value, &p->query.cls) != AL_OK)
			return fail(p, 103, value);
		return take_kind(p, (enum whois_kind)option->detail, word);
	case ACT_VERSIONS:
		return take_versions(p, (enum whois_kind)option->detail, word, value);
	case ACT_NRTM:
		return take_nrtm(p, value);
	case ACT_AT:
		p->query.past = true;
		return al_moment_parse(value, &p->query.at) == AL_OK ? AL_OK : fail(p, 120, value);
	case ACT_UNSUPPORTED:
		break;
	}
	return fail(p, 114, word);
}

/* "--name", "--name=value" or "--name value". */
static enum al_err take_long(struct parser *p, struct al_slice word)
{
	struct al_slice value = al_slice_from(word, 2), name;
	bool given = al_slice_cut(&value, '=', &name);
	size_t i;

	for (i = 0; i < AL_COUNT(options); i++)
		if (options[i].name != NULL && al_slice_caseis(name, options[i].name))
			break;
	if (i == AL_COUNT(options) || (given && !options[i].value))
		return fail(p, 111, word);
	if (options[i].value && !given && !al_slice_word(&p->rest, "", &value))
		return fail(p, 111, word);
	return apply(p, &options[i], word, value);
}

/* "-rBG", "-Troute", "-rT route": letters up to one that takes a value. */
static enum al_err take_letters(struct parser *p, struct al_slice word)
{
	struct al_slice value;
	size_t at, i;
	enum al_err err;

	for (at = 1; at < word.len; at++) {
		for (i = 0; i < AL_COUNT(options); i++)
			if (options[i].letter != 0 && options[i].letter == word.ptr[at])
				break;
		if (i == AL_COUNT(options))
			return fail(p, 111, word);
		value = al_slice_from(word, at + 1);
		if (options[i].value && value.len == 0 && !al_slice_word(&p->rest, "", &value))
			return fail(p, 111, word);
		err = apply(p, &options[i], word, value);
		if (err != AL_OK || options[i].value)
			return err;
	}
	return AL_OK;
}

/* "-r", "-rBG" and "--exact" are options; "-", and "-10.0.0.9" of a range, are not. */
static bool is_option(struct al_slice word)
{
	char c = word.len > 1 && word.ptr[0] == '-' ? word.ptr[1] : '0';

	return c == '-' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A word of the key, which is one run: what stands between two options is not split over others. */
static enum al_err take_key_word(struct parser *p, struct al_slice word)
{
	if (p->key_ended)
		return fail(p, 111, word);
	if (p->key.len == 0)
		p->key = word;
	p->key.len = (size_t)(word.ptr + word.len - p->key.ptr);
	return AL_OK;
}

/* Options before and behind the key. A command is the rest of its line, and so is what stands behind "--". */
static enum al_err take_words(struct parser *p)
{
	struct al_slice before = p->rest, word;
	enum al_err err = AL_OK;

	while (err == AL_OK && al_slice_word(&p->rest, "", &word)) {
		if (al_slice_is(word, "--") || (p->key.len == 0 && word.ptr[0] == '!')) {
			if (word.ptr[0] == '!')
				p->rest = before;
			p->rest = al_slice_trim(p->rest);
			return p->rest.len > 0 ? take_key_word(p, p->rest) : AL_OK;
		}
		if (!is_option(word)) {
			err = take_key_word(p, word);
		} else {
			err = al_slice_starts(word, "--") ? take_long(p, word) : take_letters(p, word);
			p->key_ended = p->key.len > 0;
		}
		before = p->rest;
	}
	return err;
}

static size_t word_count(struct al_slice key)
{
	struct al_slice word;
	size_t count = 0;

	while (al_slice_word(&key, "", &word))
		count++;
	return count;
}

/* A question about the server itself has no key and no search flags; one about versions has a key. */
static enum al_err finish_kind(struct parser *p)
{
	struct whois_query *q = &p->query;

	if (q->kind >= WHOIS_LIST_VERSIONS && q->kind <= WHOIS_DIFF_VERSIONS) {
		if (q->key.len == 0)
			return fail(p, 106, q->key);
		return q->attr_count > 0 || q->match != WHOIS_BEST || q->contact_only ? fail(p, 109, q->key) : AL_OK;
	}
	if (q->key.len > 0 || q->attr_count > 0 || q->match != WHOIS_BEST)
		return fail(p, 109, q->key);
	return AL_OK;
}

/* Flags that contradict each other: -b has a form of its own, -c looks upward only. */
static enum al_err finish_flags(struct parser *p)
{
	const struct whois_query *q = &p->query;
	bool inverse = q->kind == WHOIS_INVERSE;

	if ((inverse && (q->match != WHOIS_BEST || q->contact_net || q->reverse)) ||
	    (q->contact_only && (q->brief || q->keys_only)) || (q->contact_net && q->match != WHOIS_BEST))
		return fail(p, 109, (struct al_slice){ NULL, 0 });
	return AL_OK;
}

/* "why", and something behind it, which is left. */
static bool is_why(struct al_slice *key)
{
	struct al_slice rest = *key, word;

	if (!al_slice_word(&rest, "", &word) || !al_slice_caseis(word, "why") || al_slice_trim(rest).len == 0)
		return false;
	*key = al_slice_trim(rest);
	return true;
}

static enum al_err finish(struct parser *p)
{
	struct whois_query *q = &p->query;
	bool options_given = p->seen != 0, only_keep = q->keep && (p->seen & (p->seen - 1)) == 0;

	if (q->past && (p->kind_given || (q->key.len > 0 && q->key.ptr[0] == '!')))
		return fail(p, 109, q->key);

	if (p->kind_given)
		return finish_kind(p);
	if (q->key.len == 0) {
		q->kind = q->keep ? WHOIS_KEEP : WHOIS_NOTHING;
		if (!options_given || only_keep)
			return AL_OK;
		return fail(p, 106, q->key);
	}
	if (q->key.ptr[0] == '!') {
		q->kind = WHOIS_IRRD;
		q->key = al_slice_from(q->key, 1);
		return AL_OK;
	}
	if (!options_given && (al_slice_caseis(q->key, "help") || al_slice_is(q->key, "?"))) {
		q->kind = WHOIS_HELP;
		return AL_OK;
	}
	if (!p->searches && is_why(&q->key)) {
		q->kind = WHOIS_WHY;
		return AL_OK;
	}
	if (word_count(q->key) > WHOIS_WORDS_MAX)
		return fail(p, 118, (struct al_slice){ NULL, 0 });
	q->kind = q->attr_count > 0 ? WHOIS_INVERSE : WHOIS_LOOKUP;
	return finish_flags(p);
}

/* Control bytes have no place in any key; NUL least of all. */
static bool line_clean(struct al_slice line)
{
	size_t i;

	for (i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

enum al_err whois_query_parse(struct al_slice line, struct whois_query *out, struct whois_error *error)
{
	struct parser p = { .rest = al_slice_trim(line), .error = error };
	enum al_err err;

	p.query.classes = WHOIS_ALL_CLASSES;
	p.query.line = p.rest;
	p.query.key = (struct al_slice){ NULL, 0 };
	if (line.len > WHOIS_LINE_MAX)
		return fail(&p, 107, p.query.key);
	if (!line_clean(p.rest))
		return fail(&p, 108, p.query.key);
	err = take_words(&p);
	p.query.key = p.key;
	if (err == AL_OK)
		err = finish(&p);
	if (err == AL_OK)
		*out = p.query;
	return err;
}
