/* SPDX-License-Identifier: MIT */
/*
 * test_golden.c -- questions and their answers, byte for byte: one file each
 * in tests/golden/whois, against the registry in registry.rpsl there.
 *
 *   > LINE        a line of the client, in one conversation
 *   the answer
 *   ...
 *   = closed      the server ends the connection after it
 *
 * A line "= open" says that it does not. @VERSION@ stands for the program's
 * version. With GOLDEN_WRITE=1 the answers are written into the files instead.
 */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>

#include "answer.h"
#include "dialogue.h"
#include "history.h"

#define FOLDER TEST_DATA "/golden/whois"
#define CASES_LEAST 250

struct golden {
	struct fixture f;
	struct whois_history *history;
};

static struct golden golden;

static void golden_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct golden *g = arg;

	fixture_change(&g->f, old, now);
	whois_history_change(g->history, old, now);
}

static char *file_read(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct al_buf buf;
	char bytes[4096];
	size_t got;

	if (file == NULL) {
		print_error("%s: %s\n", path, strerror(errno));
		fail();
	}
	al_buf_init(&buf, 16u << 20);
	while ((got = fread(bytes, 1, sizeof(bytes), file)) > 0)
		al_buf_put(&buf, bytes, got);
	fclose(file);
	al_buf_u8(&buf, 0);
	assert_int_equal(buf.err, AL_OK);
	return (char *)buf.ptr;
}

/* Objects are separated by empty lines; each is an entry. */
static int setup(void **state)
{
	char *text = file_read(FOLDER "/registry.rpsl"), *at = text, *end;

	(void)state;
	fixture_init(&golden.f);
	assert_int_equal(whois_history_new("/tmp", &golden.history), AL_OK);
	golden.f.view.history = golden.history;
	al_state_observe(golden.f.state, golden_change, &golden);
	while ((end = strstr(at, "\n\n")) != NULL) {
		end[1] = '\0';
		fixture_put(&golden.f, at);
		at = end + 2;
	}
	free(text);
	for (size_t i = 0; i < AL_HASH_LEN; i++)
		golden.f.view.head.root.b[i] = (uint8_t)(i + 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(whois_history_error(golden.history), AL_OK);
	fixture_release(&golden.f);
	whois_history_free(golden.history);
	return 0;
}

/* The program's version is not part of what is compared. */
static void put_neutral(struct al_slice answer, struct al_buf *out)
{
	static const char *const forms[] = { "alamo-whoisd " ALAMO_VERSION "\n", "alamo-whoisd-" ALAMO_VERSION "\n" };
	struct al_slice line, rest = answer;

	while (al_slice_line(&rest, &line)) {
		struct al_slice whole = al_slice_of(line.ptr, line.len + 1);
		size_t i = 0;

		while (i < AL_COUNT(forms) && !al_slice_ends(whole, forms[i]))
			i++;
		if (i == AL_COUNT(forms)) {
			al_buf_slice(out, whole);
			continue;
		}
		al_buf_slice(out, al_slice_head(line, line.len - (sizeof(ALAMO_VERSION) - 1)));
		al_buf_str(out, "@VERSION@\n");
	}
}

/* The conversation of a case, played again. */
static void play(struct al_slice text, struct al_buf *out)
{
	struct whois_dialogue dialogue = { 0 };
	struct whois_job job;
	struct al_slice line;
	struct al_buf answer;

	whois_job_init(&job);
	al_buf_init(&answer, WHOIS_ANSWER_MAX);
	while (al_slice_line(&text, &line)) {
		if (!al_slice_starts(line, ">"))
			continue;
		al_buf_slice(out, line);
		al_buf_str(out, "\n");
		al_buf_reset(&answer);
		whois_dialogue_line(&golden.f.view, &dialogue, al_slice_from(line, 2), &job, &answer);
		while (!whois_job_rests(&job) && !whois_job_run(&job, &answer))
			;
		assert_int_equal(answer.err, AL_OK);
		put_neutral(al_buf_view(&answer), out);
		al_buf_str(out, job.kind != WHOIS_JOB_NONE ? "= waits\n"
				: dialogue.closing         ? "= closed\n"
							   : "= open\n");
		whois_job_release(&job);
	}
	al_buf_release(&answer);
}

static bool check_case(const char *name)
{
	char path[1024], *text;
	struct al_buf got;
	bool same;

	(void)snprintf(path, sizeof(path), "%s/%s", FOLDER, name);
	text = file_read(path);
	al_buf_init(&got, 32u << 20);
	play(al_slice_str(text), &got);
	same = al_slice_is(al_buf_view(&got), text);
	if (!same && getenv("GOLDEN_WRITE") != NULL) {
		FILE *file = fopen(path, "wb");

		assert_non_null(file);
		assert_int_equal(fwrite(got.ptr, 1, got.len, file), got.len);
		assert_int_equal(fclose(file), 0);
	} else if (!same) {
		print_error("%s\n--- got\n%.*s---\n", name, AL_FMT(al_buf_view(&got)));
	}
	al_buf_release(&got);
	free(text);
	return same;
}

static void test_cases(void **state)
{
	DIR *folder = opendir(FOLDER);
	const struct dirent *entry;
	size_t count = 0, wrong = 0;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		if (!al_slice_ends(al_slice_str(entry->d_name), ".txt"))
			continue;
		count++;
		wrong += !check_case(entry->d_name);
	}
	closedir(folder);
	print_message("%zu cases\n", count);
	assert_int_equal(wrong, 0);
	assert_true(count >= CASES_LEAST);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
