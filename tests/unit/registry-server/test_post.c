/* SPDX-License-Identifier: MIT */
/*
 * test_post.c -- the request port's words over HTTP: one question or one
 * request a body, answered with 200 whatever was decided, and paid for.
 *
 * The loop runs on a thread; everything that the registry does, it does there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry_rig.h"

#include "../common/loopback.h"

#include <stdio.h>
#include <stdlib.h>

#include "request/post.h"

struct fixture {
	struct registry_rig rig;
	struct session_ctx ctx;
	struct al_http *http;
	struct budget *sources;
	pthread_t thread;
	uint16_t port;
	char answer[RIG_ANSWER];
};

static struct fixture *start(uint64_t budget)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	registry_rig_start(&f->rig);
	f->sources = budget_new(budget, 100);
	assert_non_null(f->sources);
	f->ctx = (struct session_ctx){ .loop = f->rig.loop,
				       .question = f->rig.question,
				       .tariff = { .sources = f->sources } };
	pipeline_limit(f->rig.pipeline, &f->ctx.tariff);
	assert_int_equal(pipeline_start(f->rig.pipeline, f->rig.loop), AL_OK);
	assert_int_equal(al_http_new(f->rig.loop, &f->http), AL_OK);
	assert_int_equal(post_route(f->http, &f->ctx), AL_OK);
	assert_int_equal(al_http_listen(f->http, AL_S("127.0.0.1"), 0, &f->port), AL_OK);
	loop_thread_start(f->rig.loop, &f->thread);
	return f;
}

static void stop(struct fixture *f)
{
	loop_thread_stop(f->rig.loop, f->thread);
	al_http_free(f->http);
	registry_rig_stop(&f->rig);
	budget_free(f->sources);
	free(f);
}

/* The body of the answer, which has status 200. */
static const char *post(struct fixture *f, struct al_slice body)
{
	int fd = client_connect(f->port);
	char head[128];
	const char *text;

	(void)snprintf(head, sizeof(head),
		       "POST /requests HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
		       body.len);
	client_say(fd, head);
	client_send(fd, body.ptr, body.len);
	assert_true(client_drain(fd, f->answer, sizeof(f->answer)) > 0);
	close(fd);
	assert_int_equal(strncmp(f->answer, "HTTP/1.1 200 ", 13), 0);
	assert_non_null(strstr(f->answer, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
	text = strstr(f->answer, "\r\n\r\n");
	assert_non_null(text);
	return text + 4;
}

static const char *post_text(struct fixture *f, const char *text)
{
	return post(f, al_slice_str(text));
}

static void questions_and_requests(void **state)
{
	struct fixture *f = start(0);
	struct al_buf raw;

	(void)state;
	says(post_text(f, "free asn"), "AS4252660110\n");
	says(post_text(f, "\r\nfree asn\r\n\r\n"), "AS4252660110\n");
	al_buf_init(&raw, 65536);
	registry_rig_request(&f->rig, "prev: none\n", ALICE, "1", &raw);
	says(post(f, al_buf_view(&raw)), "Create SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 1,");
	/* The same bytes are the same answer here too, and empty lines behind them are nothing. */
	al_buf_str(&raw, "\n\r\n\n");
	says(post(f, al_buf_view(&raw)), "Create SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 1,");
	says(post_text(f, "show mntner ALICE-MNT"), "mntner:         ALICE-MNT\n");
	/* What is refused is told with 200 as well. */
	al_buf_reset(&raw);
	registry_rig_request(&f->rig, "prev: none\n", BOB, "1", &raw);
	says(post(f, al_buf_view(&raw)), "AUTH-MNT");
	al_buf_release(&raw);
	stop(f);
}

static void a_body_is_one_thing(void **state)
{
	static const char one[] = "the body is one question, or one request with its signatures (REQUEST-FORM)";
	struct fixture *f = start(0);
	struct al_buf raw;

	(void)state;
	says(post_text(f, "free asn\nfree 48\n"), one);
	says(post_text(f, ""), one);
	says(post_text(f, "\n\n"), one);
	says(post_text(f, "a\rb\n"), "line 1 has a CR");
	al_buf_init(&raw, 65536);
	registry_rig_request(&f->rig, "prev: none\n", ALICE, "1", &raw);
	al_buf_str(&raw, "\nfree asn\n");
	says(post(f, al_buf_view(&raw)), one);
	says(post_text(f, "show mntner ALICE-MNT"), "no such object");
	al_buf_release(&raw);
	stop(f);
}

/* Whoever asks pays, and is told when it is too much: for what is no request too. */
static void it_is_paid_for(void **state)
{
	struct fixture *f = start(1);
	unsigned answered = 0;

	(void)state;
	while (strstr(post_text(f, "free asn"), "AS4252660110\n") != NULL && answered < 1000)
		answered++;
	assert_in_range(answered, 1, 999);
	says(post_text(f, "free asn"), "used up: try again in ");
	says(post_text(f, "free asn\nfree asn\n"), "used up: try again in ");
	stop(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_and_requests),
		cmocka_unit_test(a_body_is_one_thing),
		cmocka_unit_test(it_is_paid_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
