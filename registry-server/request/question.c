/* SPDX-License-Identifier: MIT */
/*
 * question.c -- a table of words and what answers them.
 */
#include "question.h"

#include <inttypes.h>

#include "allot.h"
#include "policy.h"
#include "question_side.h"
#include "reply.h"

typedef void (*question_fn)(const struct question_ctx *ctx, struct al_slice rest, struct al_buf *out);
typedef void (*question_later_fn)(const struct question_ctx *ctx, struct al_slice rest, pipeline_answer_fn answer,
				  void *arg);

struct question {
	const char *word;
	const char *usage;
	const char *doc;
	question_fn fn;
	question_later_fn later; /* instead of fn, when the ledger has to be asked */
	size_t words_max;        /* behind the question; a longer line is answered with `usage` */
};

static void ask_help(const struct question_ctx *ctx, struct al_slice rest, struct al_buf *out);

static void ask_policy(const struct question_ctx *ctx, struct al_slice rest, struct al_buf *out)
{
	(void)ctx;
	(void)rest;
	for (const struct policy_clause *clause = policy_clauses; clause->id != NULL; clause++)
		al_buf_printf(out, "%-22s %s\n", clause->id, clause->text);
}

static void ask_network(const struct question_ctx *ctx, struct al_slice rest, struct al_buf *out)
{
	const struct al_object *registry = al_state_registry(book_state(pipeline_book(ctx->pipeline)));
	struct al_slice text, value;

	(void)rest;
	al_buf_printf(out, "name: %.*s\n", AL_FMT(ctx->network));
	al_buf_printf(out, "namespace: %.*s\n", AL_FMT(pipeline_namespace(ctx->pipeline)));
	if (registry != NULL) {
		al_buf_printf(out, "source: %.*s\n", AL_FMT(al_object_key(registry)));
		text = al_object_text(registry);
		while (al_attr_find(&text, "tld", &value))
			al_buf_printf(out, "tld: %.*s\n", AL_FMT(value));
		text = al_object_text(registry);
		while (al_attr_find(&text, "super-prefix", &value))
			al_buf_printf(out, "super-prefix: %.*s\n", AL_FMT(value));
		text = al_object_text(registry);
		while (al_attr_find(&text, "mnt-by", &value))
			al_buf_printf(out, "hostmaster: %.*s\n", AL_FMT(value));
	}
	al_buf_str(out, "vkey: ");
	al_vkey_format(ctx->key, out);
	al_buf_str(out, "\n");
	endpoints_put(ctx->endpoints, out);
}

static void ask_head(const struct question_ctx *ctx, struct al_slice rest, struct al_buf *out)
{
	(void)rest;
	(void)ledger_head(ctx->ledger, out);
}

static void ask_keys(const struct question_ctx *ctx, struct al_slice rest, struct al_buf *out)
{
	(void)rest;
	if (ctx->keys_note.len > 0)
		al_buf_slice(out, ctx->keys_note);
	else
		al_buf_str(out, "%ERROR: this log has had one key, which `network` tells\n");
}

static void free_asn(const struct question_ctx *ctx, struct al_buf *out)
{
	struct book *book = pipeline_book(ctx->pipeline);
	uint32_t asn;

	if (allot_asn(book_state(book), book_space(book), &asn) == AL_OK)
		al_buf_printf(out, "AS%u\n", asn);
	else
		al_buf_str(out, "%ERROR: no open as-block has a free AS number\n");
}

static void free_prefix(const struct question_ctx *ctx, unsigned bits, unsigned len, struct al_buf *out)
{
	struct book *book = pipeline_book(ctx->pipeline);
	char text[AL_PREFIX_STRLEN];
	struct al_prefix block;

	if (allot_prefix(book_state(book), book_space(book), bits, len, &block) != AL_OK) {
		al_buf_str(out, "%ERROR: no open block hands out a prefix of this length\n");
		return;
	}
	al_prefix_format(&block, text);
	al_buf_printf(out, "%s\n", text);
}

static void ask_free(const struct question_ctx *ctx, struct al_slice rest, struct al_buf *out)
{
	struct al_slice what = AL_S(""), family = AL_S("");
	uint64_t len;
	bool v4;

	(void)al_slice_word(&rest, "", &what);
	(void)al_slice_word(&rest, "", &family);
	if (al_slice_caseis(what, "asn") && family.len == 0) {
		free_asn(ctx, out);
		return;
	}
	v4 = al_slice_is(family, "4");
	if (al_slice_starts(what, "/"))
		what = al_slice_from(what, 1);
	if ((family.len > 0 && !v4 && !al_slice_is(family, "6")) || al_slice_u64(what, v4 ? 32 : 128, &len) != AL_OK ||
	    len == 0)
		al_buf_str(out, "%ERROR: free asn, or free LENGTH [4|6]\n");
	else
		free_prefix(ctx, v4 ? 32 : 128, (unsigned)len, out);
}

/* "CLASS KEY" to the newest version of it, or NULL with the complaint written. */
static bool find_version(const struct question_ctx *ctx, struct al_slice rest, struct al_buf *out,
			 const struct al_object **version)
{
	struct al_slice word;
	struct al_buf key;
	enum al_class cls;
	bool ok;

	al_buf_init(&key, 600);
	ok = al_slice_word(&rest, "", &word) && al_class_parse(word, &cls) == AL_OK &&
	     al_key_canon(cls, rest, &key) == AL_OK;
	if (ok)
		*version = al_state_version(book_state(pipeline_book(ctx->pipeline)), cls, al_buf_view(&key));
	else
		al_buf_str(out, "%ERROR: a class and a key are expected, as in: aut-num AS64512\n");
	al_buf_release(&key);
	return ok;
}

static void ask_prev(const struct question_ctx *ctx, struct al_slice rest, struct al_buf *out)
{
	const struct al_object *version;

	if (!find_version(ctx, rest, out, &version))
		return;
	if (version == NULL)
		al_buf_str(out, "prev: none\n");
	else
		al_buf_printf(out, "prev: %" PRIu64 "\n", version->index);
}

static void ask_show(const struct question_ctx *ctx, struct al_slice rest, struct al_buf *out)
{
	const struct al_object *version;

	if (!find_version(ctx, rest, out, &version))
		return;
	if (version == NULL || version->deleted)
		al_buf_str(out, "%ERROR: no such object\n");
	else
		al_buf_slice(out, al_object_text(version));
}

static const struct question questions[] = {
	{ "help", "help", "this list", ask_help, NULL, 0 },
	{ "policy", "policy", "the clauses that a request can be refused by", ask_policy, NULL, 0 },
	{ "network", "network", "name, namespace and key of this registry, and where its services are", ask_network,
	  NULL, 0 },
	{ "head", "head", "the newest signed checkpoint", ask_head, NULL, 0 },
	{ "keys", "keys", "the note on which keys this log had when", ask_keys, NULL, 0 },
	{ "free", "free asn | free LENGTH [4|6]", "what the next AUTO placeholder would get", ask_free, NULL, 2 },
	{ "prev", "prev CLASS KEY", "log index of an object's newest version, for prev:", ask_prev, NULL, SIZE_MAX },
	{ "show", "show CLASS KEY", "an object's text", ask_show, NULL, SIZE_MAX },
	{ "contact", "contact HANDLE", "the contact text of a role or person", NULL, question_contact, 1 },
	{ "queue", "queue | queue NUMBER", "requests that wait for the hostmaster", NULL, question_queue, 1 },
	{ "queue-status", "queue-status HASH", "what became of a request that had to wait", NULL, question_status, 1 },
};

static void ask_help(const struct question_ctx *ctx, struct al_slice rest, struct al_buf *out)
{
	(void)rest;
	al_buf_str(out, "Questions, one line each:\n");
	for (size_t i = 0; i < AL_COUNT(questions); i++)
		al_buf_printf(out, "  %-30s %s\n", questions[i].usage, questions[i].doc);
	al_buf_printf(out,
		      "A request begins with a line request: NAME and prev: lines, an empty line, objects, and your\n"
		      "signature over all of it: ssh-keygen -Y sign -n %.*s -f KEY < FILE\n",
		      AL_FMT(pipeline_namespace(ctx->pipeline)));
}

static const struct question *question_find(struct al_slice word)
{
	for (size_t i = 0; i < AL_COUNT(questions); i++)
		if (al_slice_caseis(word, questions[i].word))
			return &questions[i];
	return NULL;
}

/* A word that nobody reads may be a mistake: `free 48 10.0.0.0` is no question for IPv6. */
static bool words_over(struct al_slice rest, size_t max)
{
	struct al_slice word;
	size_t n = 0;

	while (n <= max && al_slice_word(&rest, "", &word))
		n++;
	return n > max;
}

static void question_usage(const struct question *q, pipeline_answer_fn answer, void *arg)
{
	struct al_buf out;

	al_buf_init(&out, REPLY_MAX);
	reply_error(&out, "%s", q->usage);
	answer(arg, al_buf_view(&out));
	al_buf_release(&out);
}

void question_answer(const struct question_ctx *ctx, struct al_slice line, pipeline_answer_fn answer, void *arg)
{
	const struct question *q = NULL;
	struct al_slice word;
	struct al_buf out;

	if (pipeline_book(ctx->pipeline) == NULL) {
		answer(arg, AL_S("%ERROR: the registry cannot read its log: ask again later\n" REPLY_END));
		return;
	}
	if (al_slice_word(&line, "", &word))
		q = question_find(word);
	if (q != NULL && words_over(line, q->words_max)) {
		question_usage(q, answer, arg);
		return;
	}
	if (q != NULL && q->later != NULL) {
		q->later(ctx, al_slice_trim(line), answer, arg);
		return;
	}
	al_buf_init(&out, REPLY_MAX);
	if (q != NULL) {
		q->fn(ctx, al_slice_trim(line), &out);
		al_buf_str(&out, REPLY_END);
	} else {
		reply_error(&out, "unknown question; \"help\" lists them, a request begins with request:");
	}
	answer(arg, al_buf_view(&out));
	al_buf_release(&out);
}
