/* SPDX-License-Identifier: MIT */
/*
 * frr_delta.c -- see frr_delta.h.
 *
 * A configuration is a set of statements, each a line with the headers that it stands under.
 */
#include "frr_delta.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 3
#define LINES_MAX 262144

struct statement {
	struct al_slice at[DEPTH_MAX]; /* headers, then the line; the others are empty */
	size_t depth;                  /* headers */
	bool heads;                    /* others stand under it */
};

struct config {
	struct al_buf text; /* what the slices are of */
	struct statement *items;
	struct statement **sorted;
	size_t count;
};

/* ---- reading ---- */

/* Lists get numbers when they are shown; we write them without. */
static void line_copy(struct al_slice line, struct al_buf *out)
{
	struct al_slice rest = line, word;

	if (al_slice_starts(line, "bgp as-path access-list ") || al_slice_starts(line, "bgp community-list ")) {
		while (al_slice_word(&rest, "", &word))
			if (al_slice_is(word, "seq")) {
				al_buf_put(out, line.ptr, (size_t)(word.ptr - line.ptr));
				(void)al_slice_word(&rest, "", &word);
				line = al_slice_from(rest, 1);
				break;
			}
	}
	al_buf_slice(out, line);
	al_buf_u8(out, '\n');
}

static bool is_nothing(struct al_slice trimmed)
{
	return trimmed.len == 0 || trimmed.ptr[0] == '!' || al_slice_is(trimmed, "end") ||
	       al_slice_is(trimmed, "exit") || al_slice_is(trimmed, "exit-address-family");
}

static void text_read(struct al_slice text, struct config *config)
{
	struct al_slice line;

	al_buf_init(&config->text, FRR_TEXT_MAX);
	while (al_slice_line(&text, &line) && config->count < LINES_MAX)
		if (!is_nothing(al_slice_trim(line))) {
			line_copy(line, &config->text);
			config->count++;
		}
}

static int statement_cmp(const struct statement *a, const struct statement *b)
{
	int order = 0;

	for (size_t i = 0; i < DEPTH_MAX && order == 0; i++)
		order = al_slice_cmp(a->at[i], b->at[i]);
	return order;
}

static int sorted_cmp(const void *a, const void *b)
{
	return statement_cmp(*(struct statement *const *)a, *(struct statement *const *)b);
}

static void statements_read(struct config *config)
{
	struct al_slice rest = al_buf_view(&config->text), line, above[DEPTH_MAX] = { { NULL, 0 } };

	for (size_t i = 0; i < config->count && al_slice_line(&rest, &line); i++) {
		struct statement *s = &config->items[i];

		while (s->depth < DEPTH_MAX - 1 && s->depth < line.len && line.ptr[s->depth] == ' ')
			s->depth++;
		above[s->depth] = al_slice_trim(line);
		for (size_t k = 0; k <= s->depth; k++)
			s->at[k] = above[k];
		if (i > 0 && config->items[i - 1].depth < s->depth)
			config->items[i - 1].heads = true;
		config->sorted[i] = s;
	}
	qsort(config->sorted, config->count, sizeof(*config->sorted), sorted_cmp);
}

static enum al_err config_read(struct al_slice text, struct config *config)
{
	memset(config, 0, sizeof(*config));
	text_read(text, config);
	if (config->text.err != AL_OK)
		return config->text.err;
	config->items = calloc(config->count + 1, sizeof(*config->items));
	config->sorted = calloc(config->count + 1, sizeof(struct statement *));
	if (config->items == NULL || config->sorted == NULL)
		return AL_ENOMEM;
	statements_read(config);
	return AL_OK;
}

static void config_release(struct config *config)
{
	al_buf_release(&config->text);
	free(config->items);
	free(config->sorted);
}

static bool config_has(const struct config *config, const struct statement *s)
{
	return bsearch(&s, config->sorted, config->count, sizeof(*config->sorted), sorted_cmp) != NULL;
}

/* ---- what a line is ---- */

static struct al_slice line_of(const struct statement *s)
{
	return s->at[s->depth];
}

/* The first `n` words, as a part of the line. */
static struct al_slice words_of(struct al_slice line, size_t n)
{
	struct al_slice rest = line, word = al_slice_head(line, 0);

	while (n-- > 0 && al_slice_word(&rest, "", &word))
		;
	return al_slice_head(line, (size_t)(word.ptr + word.len - line.ptr));
}

static bool is_tunnel(struct al_slice line)
{
	return al_slice_starts(line, "neighbor fe80::a1a:");
}

static bool is_ours(const struct statement *s)
{
	struct al_slice line = line_of(s), rest, word;

	for (size_t i = 0; i <= s->depth; i++)
		for (rest = s->at[i]; al_slice_word(&rest, "", &word);)
			if (al_slice_starts(word, "alamo"))
				return true;
	if (s->depth > 0 && al_slice_starts(s->at[0], "router bgp "))
		return is_tunnel(line) || al_slice_starts(line, "network ");
	return al_slice_starts(s->at[0], "rpki") ||
	       (al_slice_starts(line, "ipv6 route ") && al_slice_ends(line, " reject"));
}

static bool is_cache(const struct statement *s)
{
	return s->depth == 1 && al_slice_is(s->at[0], "rpki") && al_slice_starts(line_of(s), "rpki cache ");
}

/* How many words of a line say which setting it is, when FRR keeps the later of two; 0: it keeps both. */
static size_t setting_words(struct al_slice line)
{
	static const struct {
		const char *start;
		size_t words;
	} settings[] = { { "ipv6 prefix-list ", 5 },
			 { "neighbor ", 3 },
			 { "match ", 2 },
			 { "set ", 2 },
			 { "call ", 1 },
			 { "rpki ", 2 },
			 { "on-match ", 1 } };

	for (size_t i = 0; i < AL_COUNT(settings); i++)
		if (al_slice_starts(line, settings[i].start))
			return settings[i].words;
	return 0;
}

/* Is the same setting wanted with another value? `from` and on are those that stand under the same headers. */
static bool is_replaced(const struct config *wanted, const struct statement *s)
{
	size_t words = setting_words(line_of(s));
	struct al_slice key = words_of(line_of(s), words);
	struct statement same = *s;

	if (words == 0)
		return false;
	for (size_t i = 0; i < wanted->count; i++) {
		same.at[s->depth] = line_of(&wanted->items[i]);
		if (wanted->items[i].depth == s->depth && statement_cmp(&same, &wanted->items[i]) == 0 &&
		    al_slice_eq(words_of(same.at[s->depth], words), key))
			return true;
	}
	return false;
}

/* ---- commands ---- */

/* Where the writer stands. */
struct writer {
	struct al_buf *out;
	struct statement at;
};

/* Out of the headers of the line before, as far as needed, and into those of `s`. */
static void headers_put(struct writer *w, const struct statement *s)
{
	size_t same = 0;

	while (same < s->depth && same < w->at.depth && al_slice_eq(w->at.at[same], s->at[same]))
		same++;
	for (size_t i = w->at.depth; i > same; i--)
		al_buf_str(w->out, "exit\n");
	for (size_t i = same; i < s->depth; i++)
		al_buf_printf(w->out, "%*s%.*s\n", (int)i, "", AL_FMT(s->at[i]));
	w->at = *s;
}

/* Is there a line of this start under the same headers? */
static const struct statement *sibling_find(const struct config *config, const struct statement *s,
					    struct al_slice start, const char *next)
{
	for (size_t i = 0; i < config->count; i++) {
		const struct statement *item = &config->items[i];
		struct al_slice line = line_of(item);

		if (item->depth == s->depth && al_slice_eq(al_slice_head(line, start.len), start) &&
		    al_slice_starts(al_slice_from(line, start.len), next) && al_slice_eq(item->at[0], s->at[0]))
			return item;
	}
	return NULL;
}

/* A neighbour that is of another AS or group now is another neighbour: FRR does not let it move. */
static bool is_other_neighbour(const struct config *running, const struct config *wanted, const struct statement *s)
{
	static const char *const identity[] = { " remote-as ", " peer-group " };
	struct statement top = { .at = { s->at[0] }, .depth = 1 };

	if (s->depth == 0 || !is_tunnel(line_of(s)))
		return false;
	for (size_t i = 0; i < AL_COUNT(identity); i++) {
		struct al_slice name = words_of(line_of(s), 2);
		const struct statement *old = sibling_find(running, &top, name, identity[i]);
		const struct statement *now = sibling_find(wanted, &top, name, identity[i]);

		if (old != NULL && (now == NULL || !al_slice_eq(line_of(old), line_of(now))))
			return true;
	}
	return false;
}

static void line_put(struct writer *w, const struct statement *s, const char *no, struct al_slice line)
{
	headers_put(w, s);
	al_buf_printf(w->out, "%*s%s%.*s\n", (int)s->depth, "", no, AL_FMT(line));
	/* A rule without a body is entered all the same. */
	if (no[0] == '\0' && s->depth == 0 && al_slice_starts(line, "route-map "))
		al_buf_str(w->out, "exit\n");
}

/* What has to go first: neighbours, those that come again as others too, and caches, of which two of one preference are none. */
static void firsts_put(struct writer *w, const struct config *running, const struct config *wanted)
{
	for (size_t i = 0; i < running->count; i++) {
		const struct statement *s = &running->items[i];
		struct al_slice name = words_of(line_of(s), 2);

		if (s->depth == 1 && is_tunnel(line_of(s)) &&
		    al_slice_starts(al_slice_from(line_of(s), name.len), " remote-as ") &&
		    is_other_neighbour(running, wanted, s))
			line_put(w, s, "no ", name);
		if (is_cache(s) && !config_has(wanted, s))
			line_put(w, s, "no ", line_of(s));
	}
}

static void adds_put(struct writer *w, const struct config *running, const struct config *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		const struct statement *s = &wanted->items[i];

		/* Headers come with what is under them. */
		if (!s->heads && (!config_has(running, s) || is_other_neighbour(running, wanted, s)))
			line_put(w, s, "", line_of(s));
	}
}

/* With its header, or with its neighbour. */
static bool is_gone_already(const struct config *running, const struct config *wanted, const struct statement *s)
{
	struct statement above = { .depth = 0 };

	for (size_t i = 0; i < s->depth; i++) {
		above.at[i] = s->at[i];
		above.depth = i;
		if (!config_has(wanted, &above))
			return true;
	}
	return is_other_neighbour(running, wanted, s);
}

static void removals_put(struct writer *w, const struct config *running, const struct config *wanted)
{
	for (size_t i = running->count; i-- > 0;) {
		const struct statement *s = &running->items[i];

		if (is_ours(s) && !is_cache(s) && !config_has(wanted, s) && !is_gone_already(running, wanted, s) &&
		    !is_replaced(wanted, s))
			line_put(w, s, "no ", line_of(s));
	}
}

enum al_err frr_delta(struct al_slice running, struct al_slice wanted, struct al_buf *out)
{
	struct writer w = { .out = out };
	struct config from, to;
	enum al_err err = config_read(running, &from);
	enum al_err other = config_read(wanted, &to);

	if (err == AL_OK)
		err = other;
	if (err == AL_OK) {
		firsts_put(&w, &from, &to);
		adds_put(&w, &from, &to);
		removals_put(&w, &from, &to);
		err = out->err;
	}
	config_release(&from);
	config_release(&to);
	return err;
}
