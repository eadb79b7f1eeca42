/* SPDX-License-Identifier: MIT */
/* post.c -- a body is framed as a connection of the port that ends behind it. */
#include "post.h"

#include <stdlib.h>

#include "framing.h"
#include "reply.h"

struct post {
	const struct session_ctx *ctx;
	struct al_http_later *later;
	struct payer source;
	struct framing framing;
	struct al_buf line; /* of a question: it is asked when the requests before it are decided */
};

static void post_end(struct post *post, struct al_slice text)
{
	struct al_http_answer answer = { .status = 200, .type = "text/plain; charset=utf-8" };

	al_buf_init(&answer.body, REPLY_MAX);
	al_buf_slice(&answer.body, text);
	tariff_answered(&post->ctx->tariff, &post->source, text.len, al_now_ms());
	al_http_later_answer(post->later, &answer);
	al_buf_release(&answer.body);
	al_buf_release(&post->line);
	framing_release(&post->framing);
	free(post);
}

static void on_answer(void *arg, struct al_slice text)
{
	post_end(arg, text);
}

static void refuse(struct post *post, const char *why)
{
	struct al_buf text;

	al_buf_init(&text, 1024);
	reply_error(&text, "%s", why);
	post_end(post, al_buf_view(&text));
	al_buf_release(&text);
}

static void on_question(void *arg)
{
	struct post *post = arg;

	question_answer(&post->ctx->question, al_buf_view(&post->line), on_answer, post);
}

/* The one thing that is asked; what is behind it must be nothing. */
static enum framing_event event_read(struct post *post, struct al_slice body, const char **why)
{
	struct al_slice rest = body;
	enum framing_event event = framing_next(&post->framing, &rest, true);

	*why = "the body is one question, or one request with its signatures (REQUEST-FORM)";
	if (event == FRAMING_BAD)
		*why = post->framing.why;
	if (event == FRAMING_QUESTION)
		al_buf_slice(&post->line, post->framing.question);
	while (rest.len > 0 && (rest.ptr[0] == '\n' || rest.ptr[0] == '\r'))
		rest = al_slice_from(rest, 1);
	return (event == FRAMING_QUESTION || event == FRAMING_REQUEST) && rest.len == 0 ? event : FRAMING_BAD;
}

static void on_post(void *arg, struct al_slice body, const char *peer, struct al_http_later *later)
{
	const struct session_ctx *ctx = arg;
	struct post *post = calloc(1, sizeof(*post));
	char words[TARIFF_WORDS];
	const char *why;
	enum framing_event event;

	if (post == NULL) {
		struct al_http_answer answer = { .status = 503 };

		al_http_later_answer(later, &answer);
		return;
	}
	*post = (struct post){ .ctx = ctx, .later = later, .source = tariff_payer(peer) };
	framing_init(&post->framing);
	al_buf_init(&post->line, REPLY_MAX);
	event = event_read(post, body, &why);
	if (!tariff_enter(&ctx->tariff, &post->source, event == FRAMING_QUESTION ? BUDGET_QUESTION : BUDGET_REQUEST,
			  al_now_ms(), words))
		refuse(post, words);
	else if (event == FRAMING_BAD)
		refuse(post, why);
	else if (event == FRAMING_QUESTION)
		pipeline_after(ctx->question.pipeline, on_question, post);
	else
		pipeline_submit(ctx->question.pipeline, al_buf_view(&post->framing.request), &post->source, on_answer,
				post);
}

enum al_err post_route(struct al_http *http, const struct session_ctx *ctx)
{
	return al_http_later_route(http, "/requests", on_post, (void *)(uintptr_t)ctx);
}
