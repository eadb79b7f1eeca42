/* SPDX-License-Identifier: MIT */
/*
 * The rule book by example: runs every tests/cases/NNN-title.case (their form:
 * tests/cases/README.md), renders it anew with what the rules answer now, and
 * compares byte for byte. UPDATE=1 writes what was rendered instead.
 *
 * What is accepted goes through an auditor too, who must agree. At the end:
 * every clause of the rule book stands in a case and in docs/policy.md.
 */
#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "audit.h"
#include "book.h"
#include "case_file.h"
#include "policy.h"
#include "request/framing.h"
#include "request/reply.h"

#define NS AL_S("registry@alamo")
#define CASES_MAX 600
#define STEPS_MAX 64 /* requests of one file, with the world's */
#define DAY 86400

struct sent {
	struct al_buf raw;   /* as it was sent */
	struct al_buf entry; /* empty when it was not accepted */
	uint8_t hash[AL_HASH_LEN];
};

struct world {
	const char *file;
	struct book *book;
	struct audit *audit;
	uint64_t start, now;
	struct sent sent[STEPS_MAX];
	size_t sent_count, first; /* the file's own begin at `first` */
};

static char names[CASES_MAX][64];
static size_t name_count;
static struct al_buf all_rendered; /* for the look-up of clauses */

/* ---- deciding ---- */

/* Objects; signatures by each word of sign:; contact blocks. */
static void request_make(const struct case_section *s, struct al_buf *out)
{
	struct al_slice signers = case_option(s, "sign"), ns = case_option(s, "namespace"), text, contacts, name;
	struct al_buf whole;
	size_t at = 0;

	al_buf_init(&whole, CASE_TEXT_MAX);
	case_expand(s->body, &whole);
	text = al_buf_view(&whole);
	while (at < text.len && !al_slice_starts(al_slice_from(text, at), "-----BEGIN CONTACT "))
		at++;
	contacts = al_slice_from(text, at);
	text = al_slice_head(text, at);
	al_buf_slice(out, text);
	while (al_slice_word(&signers, ",", &name))
		al_sshsig_sign(case_person(name)->seed, ns.len > 0 ? ns : NS, text, out);
	al_buf_slice(out, contacts);
	assert_int_equal(out->err, AL_OK);
	al_buf_release(&whole);
}

/* "FROM -> TO", once, in what was signed. */
static void request_alter(struct al_slice change, struct al_buf *raw)
{
	char *words = al_slice_dup(change), *to = strstr(words, " -> "), *at;
	struct al_buf out;

	assert_non_null(to);
	*to = '\0';
	to += 4;
	al_buf_u8(raw, 0);
	at = strstr((char *)raw->ptr, words);
	assert_non_null(at);
	al_buf_init(&out, CASE_TEXT_MAX);
	al_buf_put(&out, raw->ptr, (size_t)(at - (char *)raw->ptr));
	al_buf_str(&out, to);
	al_buf_str(&out, at + strlen(words));
	al_buf_reset(raw);
	al_buf_slice(raw, al_buf_view(&out));
	al_buf_release(&out);
	free(words);
}

/* Sent with CR LF, and what the registry's edge makes of it. */
static void request_crlf(struct al_buf *raw)
{
	struct framing framing;
	struct al_slice rest;
	struct al_buf out;

	al_buf_init(&out, CASE_TEXT_MAX);
	for (size_t i = 0; i < raw->len; i++) {
		if (raw->ptr[i] == '\n')
			al_buf_u8(&out, '\r');
		al_buf_u8(&out, raw->ptr[i]);
	}
	framing_init(&framing);
	rest = al_buf_view(&out);
	assert_int_equal(framing_next(&framing, &rest, true), FRAMING_REQUEST);
	al_buf_reset(raw);
	al_buf_slice(raw, al_buf_view(&framing.request));
	framing_release(&framing);
	al_buf_release(&out);
}

/* As the registry does: what was accepted before is answered from the log. */
static const struct sent *seen(const struct world *w, struct al_slice raw)
{
	struct al_request request;
	const struct sent *found = NULL;

	al_request_init(&request);
	if (al_request_parse(raw, &request, NULL) == AL_OK)
		for (size_t i = 0; i < w->sent_count && found == NULL; i++)
			if (w->sent[i].entry.len > 0 && memcmp(w->sent[i].hash, request.hash, AL_HASH_LEN) == 0)
				found = &w->sent[i];
	al_request_release(&request);
	return found;
}

static void store(struct world *w, const struct decision *d, struct sent *sent)
{
	assert_int_equal(decision_encode(d, &sent->entry), AL_OK);
	memcpy(sent->hash, d->request.hash, AL_HASH_LEN);
	assert_int_equal(book_load(w->book, al_buf_view(&sent->entry)), AL_OK);
	assert_int_equal(audit_entry(w->audit, al_buf_view(&sent->entry)), AL_OK);
	for (size_t i = 0; i < d->request.object_count; i++) {
		const struct al_object *now = d->objects[i];

		assert_true(al_slice_eq(al_object_text(now),
					al_object_text(al_state_version(book_state(w->book), (enum al_class)now->cls,
									al_object_key(now)))));
	}
}

static bool decide(struct world *w, struct sent *sent, bool forgotten, struct al_buf *answer)
{
	struct ledger_receipt receipt = { .index = al_state_size(book_state(w->book)) };
	const struct sent *before = forgotten ? NULL : seen(w, al_buf_view(&sent->raw));
	struct al_entry entry;
	struct decision *d;
	bool accepted;

	if (before != NULL) {
		assert_int_equal(al_entry_decode(al_buf_view(&before->entry), &entry), AL_OK);
		receipt.index = entry.index;
		reply_again(al_buf_view(&before->entry), &receipt, answer);
		return true;
	}
	d = decision_new();
	assert_non_null(d);
	assert_int_equal(decision_read(d, al_buf_view(&sent->raw), NS), AL_OK);
	assert_int_equal(book_decide(w->book, d, w->now), AL_OK);
	accepted = d->accepted;
	if (accepted && d->changes && !d->request.dry_run) {
		store(w, d, sent);
		reply_decision(d, &receipt, answer);
	} else {
		reply_decision(d, NULL, answer);
	}
	decision_free(d);
	return accepted;
}

/* A given, a request or a replay; its answer. */
static bool step(struct world *w, const struct case_section *s, struct al_buf *answer)
{
	struct al_slice at = case_option(s, "at"), alter = case_option(s, "alter"),
			unit = al_slice_from(at, at.len - 1);
	struct sent *sent = &w->sent[w->sent_count];
	uint64_t number;

	assert_true(w->sent_count < STEPS_MAX);
	al_buf_init(&sent->raw, CASE_TEXT_MAX);
	al_buf_init(&sent->entry, AL_ENTRY_MAX);
	w->sent_count++;
	w->now++;
	if (at.len > 0) { /* "+31d" after the world was made */
		assert_true(al_slice_starts(at, "+") && al_slice_is(unit, "d"));
		assert_int_equal(al_slice_u64(al_slice_head(al_slice_from(at, 1), at.len - 2), 100000, &number), AL_OK);
		w->now = w->start + number * DAY;
	}
	if (al_slice_is(s->kind, "replay")) {
		assert_int_equal(al_slice_u64(s->words, STEPS_MAX, &number), AL_OK);
		assert_true(number > 0 && w->first + number < w->sent_count);
		al_buf_slice(&sent->raw, al_buf_view(&w->sent[w->first + number - 1].raw));
	} else {
		request_make(s, &sent->raw);
	}
	if (alter.len > 0)
		request_alter(alter, &sent->raw);
	if (al_slice_is(case_option(s, "line-ends"), "CRLF"))
		request_crlf(&sent->raw);
	return decide(w, sent, al_slice_is(case_option(s, "log"), "forgotten"), answer);
}

/* ---- one file ---- */

/* Without what changes from run to run: the receipt. */
static void answer_show(struct al_slice answer, struct al_buf *out)
{
	struct al_slice line;

	while (al_slice_line(&answer, &line) && !al_slice_is(line, "% end")) {
		case_abbreviate(line, out);
		al_buf_u8(out, '\n');
		if (al_slice_starts(line, "% receipt: "))
			return;
	}
}

static void show_object(const struct world *w, struct al_slice words, struct al_buf *out)
{
	const struct al_object *object;
	struct al_slice cls_name;
	enum al_class cls;

	(void)al_slice_cut(&words, ' ', &cls_name);
	assert_int_equal(al_class_parse(cls_name, &cls), AL_OK);
	object = al_state_get(book_state(w->book), cls, words);
	if (object != NULL)
		case_abbreviate(al_object_text(object), out);
	else
		al_buf_str(out, "none\n");
}

static void run_section(struct world *w, const struct case_section *s, struct al_buf *out)
{
	bool given = al_slice_is(s->kind, "given");
	struct al_buf answer;

	if (out->len > 0)
		al_buf_str(out, "\n");
	al_buf_printf(out, "=== %.*s%s%.*s\n", AL_FMT(s->kind), s->words.len > 0 ? " " : "", AL_FMT(s->words));
	if (al_slice_is(s->kind, "object")) {
		show_object(w, s->words, out);
		return;
	}
	al_buf_slice(out, s->options);
	if (s->body.len > 0)
		al_buf_printf(out, "\n%.*s", AL_FMT(s->body));
	if (al_slice_is(s->kind, "nothing"))
		return;
	al_buf_init(&answer, REPLY_MAX);
	if (!step(w, s, &answer) && given)
		fail_msg("%s: what is given is refused:\n%.*s", w->file, AL_FMT(al_buf_view(&answer)));
	if (!given) {
		al_buf_str(out, "\n=== answer\n");
		answer_show(al_buf_view(&answer), out);
	}
	al_buf_release(&answer);
}

static void run_sections(struct world *w, struct al_slice text, struct al_buf *out)
{
	struct case_section s;

	while (case_section_next(&text, &s))
		if (!al_slice_is(s.kind, "answer")) /* rendered behind its request */
			run_section(w, &s, out);
}

static void world_make(struct world *w, bool empty)
{
	struct audit_opts opts = { .ns = NS };
	struct al_slice text;
	struct al_buf file, out;

	*w = (struct world){ .file = w->file, .now = 1800000000 };
	assert_int_equal(book_new(&w->book), AL_OK);
	assert_int_equal(audit_new(&opts, &w->audit), AL_OK);
	if (!empty) {
		case_file_read(case_path("cases/world.txt"), &file);
		al_buf_init(&out, CASE_TEXT_MAX);
		text = al_buf_view(&file);
		(void)case_prose(&text);
		run_sections(w, text, &out);
		al_buf_release(&file);
		al_buf_release(&out);
	}
	w->first = w->sent_count;
	w->start = w->now;
}

static void world_free(struct world *w)
{
	for (size_t i = 0; i < w->sent_count; i++) {
		al_buf_release(&w->sent[i].raw);
		al_buf_release(&w->sent[i].entry);
	}
	book_free(w->book);
	audit_free(w->audit);
}

static void compare(const char *file, struct al_slice is, struct al_slice was)
{
	struct al_slice want = { NULL, 0 }, got = { NULL, 0 }, whole = is;
	unsigned line = 0;
	bool more;

	if (al_slice_eq(is, was))
		return;
	do {
		line++;
		more = al_slice_line(&was, &want);
		more = al_slice_line(&is, &got) || more;
	} while (more && al_slice_eq(want, got));
	fail_msg("%s line %u\n  expected: %.*s\n  is now:   %.*s\nthe whole as it is now:\n%.*s", file, line,
		 AL_FMT(want), AL_FMT(got), AL_FMT(whole));
}

static void run_case(void **state)
{
	const char *name = *state;
	struct world w = { .file = name };
	struct audit_counts counts;
	struct al_buf file, out;
	struct al_slice text, head;
	char path[128];

	(void)snprintf(path, sizeof(path), "cases/%s", name);
	case_file_read(case_path(path), &file);
	al_buf_init(&out, CASE_TEXT_MAX);
	text = al_buf_view(&file);
	head = case_prose(&text);
	if (head.len == 0)
		fail_msg("%s does not say what it is about", name);
	world_make(&w, al_slice_starts(text, "=== nothing"));
	al_buf_printf(&out, "%.*s\n", AL_FMT(head));
	run_sections(&w, text, &out);
	if (!audit_finish(w.audit, &counts))
		fail_msg("%s: an auditor finds %" PRIu64 " faults in the log", name, counts.findings);
	if (getenv("UPDATE") != NULL)
		case_file_write(case_path(path), al_buf_view(&out));
	else
		compare(name, al_buf_view(&out), al_buf_view(&file));
	al_buf_slice(&all_rendered, al_buf_view(&out));
	al_buf_release(&file);
	al_buf_release(&out);
	world_free(&w);
}

/* ---- clauses ---- */

static bool has(struct al_slice text, const char *words)
{
	return memmem(text.ptr, text.len, words, strlen(words)) != NULL;
}

static void every_clause_has_a_case(void **state)
{
	char words[80];

	(void)state;
	for (const struct policy_clause *clause = policy_clauses; clause->id != NULL; clause++) {
		(void)snprintf(words, sizeof(words), " (%s)\n", clause->id);
		if (!has(al_buf_view(&all_rendered), words))
			fail_msg("no case is refused by %s", clause->id);
	}
}

static bool clause_known(struct al_slice id)
{
	for (const struct policy_clause *clause = policy_clauses; clause->id != NULL; clause++)
		if (al_slice_is(id, clause->id))
			return true;
	return false;
}

/* "### CLAUSE-ID": the headings of docs/policy.md and the table are the same set, with the same sentence below. */
static void policy_md_has_every_clause_and_no_other(void **state)
{
	struct al_slice rest, line;
	struct al_buf file;
	char words[400];

	(void)state;
	case_file_read(case_path("../docs/policy.md"), &file);
	rest = al_buf_view(&file);
	for (const struct policy_clause *clause = policy_clauses; clause->id != NULL; clause++) {
		(void)snprintf(words, sizeof(words), "\n### %s\n\n%s\n", clause->id, clause->text);
		if (!has(rest, words))
			fail_msg("docs/policy.md lacks%s", words);
	}
	while (al_slice_line(&rest, &line))
		if (al_slice_starts(line, "### ") && !clause_known(al_slice_from(line, 4)))
			fail_msg("docs/policy.md has %.*s, the rule book does not", AL_FMT(al_slice_from(line, 4)));
	al_buf_release(&file);
}

static bool case_exists(struct al_slice file)
{
	for (size_t i = 0; i < name_count; i++)
		if (al_slice_is(file, names[i]))
			return true;
	return !al_slice_ends(file, ".case");
}

/* What docs/policy.md names in tests/cases is there, and the answers that it shows are given there. */
static void examples_of_policy_md_hold(void **state)
{
	struct al_slice rest, line, link;
	struct al_buf file;
	const char *at;
	size_t shown = 0;

	(void)state;
	case_file_read(case_path("../docs/policy.md"), &file);
	rest = al_buf_view(&file);
	while (al_slice_line(&rest, &line)) {
		if (al_slice_starts(line, "***")) {
			shown++;
			if (memmem(all_rendered.ptr, all_rendered.len, line.ptr, line.len) == NULL)
				fail_msg("docs/policy.md shows what no case answers: %.*s", AL_FMT(line));
		}
		while ((at = memmem(line.ptr, line.len, "(../tests/cases/", 16)) != NULL) {
			line = al_slice_from(line, (size_t)(at - line.ptr) + 16);
			(void)al_slice_cut(&line, ')', &link);
			if (!case_exists(link))
				fail_msg("docs/policy.md names %.*s, which does not exist", AL_FMT(link));
		}
	}
	assert_true(shown > 0);
	al_buf_release(&file);
}

/* ---- all ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void find_cases(void)
{
	DIR *dir = opendir(case_path("cases"));
	const struct dirent *item;

	while (dir != NULL && (item = readdir(dir)) != NULL)
		if (al_slice_ends(al_slice_str(item->d_name), ".case") && name_count < CASES_MAX &&
		    al_slice_copy(al_slice_str(item->d_name), names[name_count], sizeof(names[0])) == AL_OK)
			name_count++;
	if (dir != NULL)
		(void)closedir(dir);
	qsort(names, name_count, sizeof(names[0]), by_name);
}

int main(void)
{
	static struct CMUnitTest tests[CASES_MAX + 3];
	size_t count = 0;
	int failed;

	if (sodium_init() < 0)
		return 1;
	find_cases();
	al_buf_init(&all_rendered, 4 * CASE_TEXT_MAX);
	for (; count < name_count; count++)
		tests[count] = (struct CMUnitTest){ names[count], run_case, NULL, NULL, names[count] };
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(every_clause_has_a_case);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(policy_md_has_every_clause_and_no_other);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(examples_of_policy_md_hold);
	failed = _cmocka_run_group_tests("cases", tests, count, NULL, NULL);
	al_buf_release(&all_rendered);
	return name_count < 170 ? 1 : failed;
}
