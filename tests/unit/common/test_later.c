/* SPDX-License-Identifier: MIT */
/* test_later.c -- HTTP answers that come later, and files of a published log. */
#include "later_site.h"

#define POST(BODY) "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n" BODY

/* What the connection asks behind it waits, and comes afterwards, in order. */
static void later_and_in_order(void **state)
{
	struct site *site = *state;
	char got[4096] = "";
	int fd = client_connect(site->port);

	client_say(fd, POST("1st!") "GET /one HTTP/1.1\r\nHost: x\r\n\r\n" POST("2nd!"));
	until_waiting(site, 1);
	turns(site, 20);
	assert_int_equal(site->count, 1);
	assert_string_equal(site->body[0], "1st!");
	assert_int_equal(strncmp(site->peer[0], "127.0.0.1:", 10), 0);
	assert_int_equal(recv(fd, got, 1, MSG_DONTWAIT), -1);
	answer_first(site, 0, 202, "taken");
	until_waiting(site, 2);
	assert_string_equal(site->body[1], "2nd!");
	answer_first(site, 1, 422, "refused");
	until(site, fd, got, sizeof(got), "refused");
	assert_int_equal(strncmp(got, "HTTP/1.1 202 ", 13), 0);
	const char *one = strstr(got, "\r\n\r\none"), *taken = strstr(got, "\r\n\r\ntaken");
	assert_true(taken != NULL && one != NULL && taken < one && one < strstr(got, " 422 "));
	assert_null(strstr(got, "Connection: close"));
	/* It may be answered at once, too; and the connection ends if that was asked for. */
	site->at_once = true;
	got[0] = '\0';
	client_say(fd, "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	until(site, fd, got, sizeof(got), "at once");
	assert_non_null(strstr(got, "Connection: close"));
	turns(site, 5);
	assert_int_equal(recv(fd, got, 1, 0), 0);
	close(fd);
}

#define BEHIND 400 /* questions of a KiB: more than a connection's input holds */

/* As many of them as the server takes. */
static void push(struct site *site, int fd, const char *question, size_t *sent)
{
	size_t len = strlen(question);

	for (int quiet = 0; quiet < 20 && *sent < BEHIND * len; turns(site, 1)) {
		size_t part = *sent % len;
		ssize_t n = send(fd, question + part, len - part, MSG_DONTWAIT | MSG_NOSIGNAL);

		quiet = n > 0 ? 0 : quiet + 1;
		*sent += n > 0 ? (size_t)n : 0;
	}
}

/* Much may stand behind it: it waits, and is answered as a little is. */
static void later_and_much_behind(void **state)
{
	static char got[BEHIND * 512];
	struct site *site = *state;
	char question[1024];
	int fd = client_connect(site->port);
	size_t sent = 0, answers = 0;

	(void)snprintf(question, sizeof(question), "GET /one HTTP/1.1\r\nHost: x\r\nX: %0980d\r\n\r\n", 0);
	client_say(fd, POST("1st!"));
	until_waiting(site, 1);
	push(site, fd, question, &sent);
	assert_true(sent > AL_HTTP_POST_MAX);
	answer_first(site, 0, 202, "taken");
	push(site, fd, question, &sent);
	assert_int_equal(sent, BEHIND * strlen(question));
	site->at_once = true;
	client_say(fd, POST("last"));
	until(site, fd, got, sizeof(got), "at once");
	for (const char *at = got; (at = strstr(at, "\r\n\r\none")) != NULL; at++)
		answers++;
	assert_int_equal(answers, BEHIND);
	close(fd);
}

/* A question that takes turns of the loop: others are answered between them, and what stands behind it is not. */
static void asked_again(void **state)
{
	struct site *site = *state;
	char got[2][4096] = { "", "" }, one[1024] = "";
	int fd[2] = { client_connect(site->port), client_connect(site->port) }, other = client_connect(site->port);

	client_say(fd[0], "GET /again?first HTTP/1.1\r\nHost: x\r\n\r\nGET /one HTTP/1.1\r\nHost: x\r\n\r\n");
	client_say(fd[1], "GET /again?second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	assert_int_equal(shutdown(fd[1], SHUT_WR), 0);
	client_say(other, "GET /one HTTP/1.1\r\nHost: x\r\n\r\n");
	until(site, other, one, sizeof(one), "\r\n\r\none");
	turns(site, 50);
	assert_int_equal(site->askers, 2);
	assert_true(site->asked[0] > 10 && site->asked[1] > 10);
	for (int i = 0; i < 2; i++)
		assert_int_equal(recv(fd[i], got[i], 1, MSG_DONTWAIT), -1);
	site->there = true;
	until(site, fd[0], got[0], sizeof(got[0]), "\r\n\r\none");
	assert_non_null(strstr(got[0], "\r\n\r\nthere: first"));
	assert_null(strstr(got[0], "nobody"));
	until(site, fd[1], got[1], sizeof(got[1]), "\r\n\r\nthere: second");
	turns(site, 5);
	assert_int_equal(recv(fd[1], got[1], 1, 0), 0);
	/* The connection is as any other afterwards. */
	got[0][0] = '\0';
	client_say(fd[0], "GET /one HTTP/1.1\r\nHost: x\r\n\r\n");
	until(site, fd[0], got[0], sizeof(got[0]), "\r\n\r\none");
	close(fd[0]);
	close(fd[1]);
	close(other);
}

/* It goes with the connection. */
static void asked_again_and_gone(void **state)
{
	struct site *site = *state;
	struct linger hard = { .l_onoff = 1 };
	int fd = client_connect(site->port);
	uint64_t guard = al_now_ms() + GUARD_S * 1000;

	client_say(fd, "GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
	while (site->askers == 0 && al_now_ms() < guard)
		turns(site, 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	close(fd);
	site->there = true;
	turns(site, 20);
	unsigned asked = site->asked[0];
	turns(site, 20);
	assert_int_equal(site->asked[0], asked);
}

/* Who asked may be gone by then. */
static void later_and_gone(void **state)
{
	struct linger hard = { .l_onoff = 1 };
	struct site *site = *state;
	int fd = client_connect(site->port), other = client_connect(site->port);
	char got[4096] = "";

	client_say(fd, POST("gone"));
	until_waiting(site, 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	close(fd);
	client_say(other, POST("here"));
	until_waiting(site, 2);
	turns(site, 20);
	answer_first(site, 0, 200, "to nobody");
	answer_first(site, 1, 200, "to the other");
	until(site, other, got, sizeof(got), "to the other");
	assert_null(strstr(got, "nobody"));
	close(other);
	/* And one is left waiting at the end of it all. */
	fd = client_connect(site->port);
	client_say(fd, POST("left"));
	until_waiting(site, 3);
	close(fd);
}

/* A published log's tiles: whole ones for ever, partial ones for an hour; what is none is not found. */
static void tiles(void **state)
{
	static const struct {
		const char *path;
		int status, age;
		size_t len;
	} rows[] = {
		{ "0/000", 200, 31536000, 256 * AL_HASH_LEN },
		{ "0/001.p/4", 200, 3600, 4 * AL_HASH_LEN },
		{ "0/001.p/3", 200, 3600, 3 * AL_HASH_LEN },
		{ "1/000.p/1", 200, 3600, AL_HASH_LEN },
		{ "entries/001.p/1", 200, 3600, 7 },
		{ "0/001.p/5", 404, 0, 0 },
		{ "0/002", 404, 0, 0 },
		{ "0/../0/000", 404, 0, 0 },
		{ "", 404, 0, 0 },
		{ "0/x000000000000000000000000000000000000000000000000000000000000000000000000000000", 404, 0, 0 },
	};
	struct site *site = *state;
	struct al_tile_dir *dir;
	struct al_edge edge;
	struct al_skey key;
	struct al_buf text, note;

	assert_int_equal(al_skey_generate(AL_S("log.example/x"), &key), AL_OK);
	assert_int_equal(al_tile_dir_open(site->dir, &key.pub, &dir), AL_OK);
	al_edge_init(&edge);
	for (; site->size < 260; site->size++) {
		struct al_hash leaf = al_leaf_hash(AL_S("entry"));

		assert_int_equal(al_tile_dir_add(dir, AL_S("entry")), AL_OK);
		al_edge_push(&edge, &leaf);
	}
	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	struct al_checkpoint cp = { edge.size, al_edge_root(&edge) };
	al_checkpoint_format(al_slice_str(key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &key, &note);
	assert_int_equal(al_tile_dir_publish(dir, al_buf_view(&note)), AL_OK);
	al_tile_dir_close(dir);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		char request[256], got[16384] = "", want[64];
		int fd = client_connect(site->port);

		(void)snprintf(request, sizeof(request), "HEAD /tile/%s HTTP/1.1\r\nHost: x\r\n\r\n", rows[i].path);
		client_say(fd, request);
		until(site, fd, got, sizeof(got), "\r\n\r\n");
		(void)snprintf(want, sizeof(want), "HTTP/1.1 %d ", rows[i].status);
		assert_int_equal(strncmp(got, want, strlen(want)), 0);
		(void)snprintf(want, sizeof(want), "\r\nContent-Length: %zu\r\n", rows[i].len);
		assert_int_equal(strstr(got, want) != NULL, rows[i].status == 200);
		(void)snprintf(want, sizeof(want), "max-age=%d", rows[i].age);
		assert_int_equal(strstr(got, want) != NULL, rows[i].status == 200);
		assert_int_equal(strstr(got, "immutable") != NULL, rows[i].status == 200);
		assert_int_equal(strstr(got, "application/octet-stream") != NULL, rows[i].status == 200);
		close(fd);
	}
	al_buf_release(&text);
	al_buf_release(&note);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(later_and_in_order),   TEST(later_and_much_behind), TEST(asked_again),
		TEST(asked_again_and_gone), TEST(later_and_gone),        TEST(tiles),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	al_log_init("test_later", AL_LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
