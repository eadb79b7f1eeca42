/* SPDX-License-Identifier: MIT */
/*
 * test_monitor.c -- an event in words: nothing that a log may hold, be it older than our rules, becomes a header or markup.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log/monitor_asked.h"
#include "log/monitor_feed.h"
#include "log/monitor_text.h"

static const struct monitor_watch watch = { .log = "registry.test/log", .mnt = "FISHER-MNT" };

/* An event with one change, of these texts. */
static struct monitor_event event_of(uint64_t index, const char *key, const char *old, const char *now)
{
	struct monitor_event event;
	char entry[32];
	int len = snprintf(entry, sizeof(entry), "entry %u", (unsigned)index);

	monitor_event_begin(&event, &watch, index, 1764172800 + index, false);
	(void)json_array_append_new(json_object_get(event.json, "changes"),
				    json_pack("{s:s, s:s, s:s, s:s?, s:s?}", "action", "modify", "class", "person",
					      "key", key, "old", old, "new", now));
	monitor_event_end(&event, al_slice_of(entry, (size_t)len));
	return event;
}

static char *mail_of(struct monitor_event *event)
{
	struct al_buf out;
	char *text;

	al_buf_init(&out, SIZE_MAX);
	monitor_mail_put(event, "fisher@example.net", 1764172800, &out);
	text = al_buf_take(&out, NULL);
	assert_non_null(text);
	monitor_event_release(event);
	return text;
}

static char *feed_of(const struct monitor_feed *feed)
{
	struct al_buf out;
	char *text;

	al_buf_init(&out, SIZE_MAX);
	monitor_feed_put(feed, &watch, 1764172800, &out);
	text = al_buf_take(&out, NULL);
	assert_non_null(text);
	return text;
}

static void no_header_out_of_a_key(void **state)
{
	static const char *const keys[] = {
		"A\r\nBcc: all@example.net",
		"A\nBcc: all@example.net",
		"A\r\n\r\nbody",
		"\xe2\x80\xa8 line separator",
		"long long long long long long long long long long long long long long long long long long long long "
		"long long long long long long long long long long long long long long long long long long long long",
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(keys); i++) {
		struct monitor_event event = event_of(7, keys[i], "x\n", "Bcc: all@example.net\n.\n");
		char *text = mail_of(&event), *body = strstr(text, "\n\n"), *at;

		assert_non_null(body);
		*body = '\0';
		at = strstr(text, "Subject: FISHER-MNT: NOT SIGNED BY YOU: modify [person] ");
		assert_non_null(at);
		assert_true(strcspn(at, "\n") < MONITOR_TITLE_MAX + sizeof("Subject: "));
		assert_null(strstr(text, "\nBcc:"));
		for (const char *c = text; *c != '\0'; c++)
			assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
		assert_null(strstr(body + 2, "Bcc:"));
		free(text);
	}
}

static void only_one_plain_address(void **state)
{
	static const char *const bad[] = { "",      "-t",    "a@b, c@d", "a b",         "a@b\nBcc: c@d",
					   "<a@b>", "a@b;c", "\"a\"@b",  "a\xc3\xa9@b", "a(c)@b" };
	char longest[300];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_false(monitor_mail_address_ok(bad[i]));
	memset(longest, 'a', sizeof(longest));
	longest[255] = '\0';
	assert_false(monitor_mail_address_ok(longest));
	longest[254] = '\0';
	assert_true(monitor_mail_address_ok(longest));
	assert_true(monitor_mail_address_ok("fisher+alamo@example.net"));
	assert_true(monitor_mail_address_ok("root"));
}

static void no_markup_out_of_a_text(void **state)
{
	struct monitor_feed feed = { .next = 0 };
	struct monitor_event event = event_of(3, "</title><script>\x01", "a & b\x1b[2J\x7f\n",
					      "]]></content>\"\xc2\x9b\n");
	char *text;

	(void)state;
	assert_int_equal(monitor_feed_add(&feed, &event), AL_OK);
	monitor_event_release(&event);
	text = feed_of(&feed);
	assert_non_null(strstr(text, "modify [person] &lt;/title&gt;&lt;script&gt;?</title>"));
	assert_non_null(strstr(text, "a &amp; b\\x1b[2J\\x7f\n"));
	assert_non_null(strstr(text, "]]&gt;&lt;/content&gt;&quot;\\xc2\\x9b\n"));
	for (const char *c = text; *c != '\0'; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
	free(text);
	monitor_feed_release(&feed);
}

/* The newest first, and the oldest go. */
static void a_feed_is_bounded(void **state)
{
	struct monitor_feed feed = { .next = 0 };
	char *text, *at, first[64];
	size_t count = 0;

	(void)state;
	for (unsigned i = 0; i < FEED_ENTRIES + 10; i++) {
		struct monitor_event event = event_of(i, "P1", NULL, "x\n");

		assert_int_equal(monitor_feed_add(&feed, &event), AL_OK);
		monitor_event_release(&event);
	}
	text = feed_of(&feed);
	for (at = text; (at = strstr(at, "<entry>")) != NULL; at++)
		count++;
	assert_int_equal(count, FEED_ENTRIES);
	(void)snprintf(first, sizeof(first), "Entry %u of", FEED_ENTRIES + 9);
	assert_ptr_equal(strstr(text, "Entry "), strstr(text, first));
	assert_null(strstr(text, "Entry 9 of"));
	assert_non_null(strstr(text, "Entry 10 of"));
	free(text);
	monitor_feed_release(&feed);
}

static void what_is_long_is_cut_and_says_so(void **state)
{
	struct monitor_event event;
	struct al_buf out;
	char *big = malloc(100001);

	(void)state;
	assert_non_null(big);
	memset(big, 'x', 100000);
	big[100000] = '\0';
	event = event_of(9, "P1", big, NULL);
	al_buf_init(&out, 2000);
	monitor_text_put(&event, 1000, &out);
	assert_int_equal(out.err, AL_OK);
	assert_true(out.len < 1100);
	al_buf_u8(&out, 0);
	assert_non_null(strstr((const char *)out.ptr, " bytes more: alamo log show 9]\n"));
	al_buf_release(&out);
	monitor_event_release(&event);
	free(big);
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void what_became_of_a_request(void **state)
{
	static const char *const undecided[] = {
		"",
		"state: waiting\nnumber: 3\nsince: 2026-11-29T12:00:00Z\n",
		"% error: no request of this hash waits, is in the log, or was refused lately\n",
		"state: accepted\n",
		"state: accepted\nentry: -1\n",
		"state: accepted\nentry: 99999999999999999999\n",
		"state: refused\nreason: no\n",
		"state: refused\ntime: yesterday\nreason: no\n",
		"state\n:\n::::",
	};
	struct monitor_event event;
	char title[MONITOR_TITLE_MAX];
	char *mail;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(undecided); i++) {
		monitor_asked_read(al_slice_str(undecided[i]), HASH, &watch, 5, &event);
		assert_null(event.json);
	}
	monitor_asked_read(AL_S("state: accepted\nentry: 12\n"), HASH, &watch, 1764172800, &event);
	assert_int_equal(event.index, 12);
	assert_int_equal(event.time, 1764172800);
	monitor_text_title(&event, title);
	assert_string_equal(title, "FISHER-MNT: request 0123456789ab was accepted");
	monitor_event_release(&event);
	monitor_asked_read(AL_S("state: refused\ntime: 2025-11-26T16:00:00Z\nreason: no: \x1b[2J\n"), HASH, &watch, 5,
			   &event);
	assert_int_equal(event.time, 1764172800);
	assert_string_equal(json_string_value(json_object_get(event.json, "reason")), "no: \x1b[2J");
	mail = mail_of(&event); /* has no proof, and is whole */
	assert_null(strstr(mail, "tlog-proof"));
	assert_null(strchr(mail, '\x1b'));
	free(mail);
	monitor_asked_read(AL_S("state: accepted\nentry: 12\n"), "no hash", &watch, 5, &event);
	assert_null(event.json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_header_out_of_a_key),          cmocka_unit_test(only_one_plain_address),
		cmocka_unit_test(no_markup_out_of_a_text),         cmocka_unit_test(a_feed_is_bounded),
		cmocka_unit_test(what_is_long_is_cut_and_says_so), cmocka_unit_test(what_became_of_a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
