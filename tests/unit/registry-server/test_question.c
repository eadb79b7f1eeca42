/* SPDX-License-Identifier: MIT */
/*
 * test_question.c -- each question of the request port, and what is none.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "registry_rig.h"

#include "../metric.h"

#define CONTACT                                                                                  \
	"-----BEGIN CONTACT ANN-TEST-----\nsalt: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n" \
	"e-mail: ann@example.net\n-----END CONTACT ANN-TEST-----\n"

static void test_every_answer_ends(void **state)
{
	static const char *const lines[] = {
		"help",         "policy",          "network",        "head",      "free asn", "free",
		"free 48",      "free /48 6",      "free 129",       "free 24 4", "prev x",   "prev mntner HOST-MNT",
		"show x y",     "contact",         "contact NOBODY", "queue",     "queue 9",  "queue x",
		"queue-status", "queue-status 00", "what is this",   "",          " ",        "HELP"
	};
	struct registry_rig *rig = *state;

	for (size_t i = 0; i < AL_COUNT(lines); i++) {
		const char *answer = registry_rig_question(rig, lines[i]), *end = strstr(answer, "% end\n");

		assert_non_null(end);
		assert_int_equal(strlen(end), strlen("% end\n"));
	}
}

static void test_what_they_say(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{ "help", "queue-status HASH" },
		{ "HELP", "ssh-keygen -Y sign -n registry@test" },
		{ "policy", "POLICY-ASN-FREE" },
		{ "network", "name: test\nnamespace: registry@test\nsource: TEST\ntld: test\nsuper-prefix: fca1::/16\n"
			     "hostmaster: HOST-MNT\nvkey: registry.test/log+" },
		{ "head", "registry.test/log\n1\n" },
		{ "free asn", "AS4252660110\n% end\n" },
		{ "free /48 6", "fca1:100::/48\n% end\n" },
		{ "free 24 4", "%ERROR: no open block hands out a prefix of this length" },
		{ "free 129", "%ERROR: free asn, or free LENGTH [4|6]" },
		{ "free 0", "%ERROR: free asn, or free LENGTH [4|6]" },
		{ "prev mntner host-mnt", "prev: 0\n" },
		{ "prev mntner NOBODY-MNT", "prev: none\n" },
		{ "prev nothing X", "%ERROR: a class and a key are expected" },
		{ "show mntner HOST-MNT", "mntner:" },
		{ "show mntner NOBODY-MNT", "%ERROR: no such object" },
		{ "contact NOBODY-TEST", "%ERROR: no role or person of this handle" },
		{ "queue 1", "%ERROR: no request of this number is in the queue" },
		{ "queue one", "%ERROR: queue, or queue NUMBER" },
		{ "unheard of", "%ERROR: unknown question" },
		{ "free asn 4", "%ERROR: free asn, or free LENGTH [4|6]" },
		{ "free 24 5", "%ERROR: free asn, or free LENGTH [4|6]" },
		{ "free 24 four", "%ERROR: free asn, or free LENGTH [4|6]" },
		{ "free 24 4 4", "%ERROR: free asn | free LENGTH [4|6]\n% end\n" },
		{ "head now", "%ERROR: head\n% end\n" },
		{ "help me", "%ERROR: help\n% end\n" },
		{ "policy x", "%ERROR: policy\n% end\n" },
		{ "network x", "%ERROR: network\n% end\n" },
		{ "keys", "%ERROR: this log has had one key, which `network` tells\n% end\n" },
		{ "keys x", "%ERROR: keys\n% end\n" },
		{ "contact A-TEST B-TEST", "%ERROR: contact HANDLE\n% end\n" },
		{ "queue 1 2", "%ERROR: queue | queue NUMBER\n% end\n" },
		{ "queue-status a b", "%ERROR: queue-status HASH\n% end\n" },
		{ "queue-status abc", "%ERROR: queue-status HASH: 64 digits" },
		{ "queue-status 0000000000000000000000000000000000000000000000000000000000000000",
		  "%ERROR: no request of this hash" },
	};
	struct registry_rig *rig = *state;

	for (size_t i = 0; i < AL_COUNT(rows); i++)
		says(registry_rig_question(rig, rows[i].line), rows[i].says);
}

/* The note on the log's keys, when there is one. */
static void test_keys_of_a_log(void **state)
{
	struct registry_rig *rig = *state;

	rig->question.keys_note = AL_S("the note\n");
	assert_string_equal(registry_rig_question(rig, "keys"), "the note\n% end\n");
}

/* No number is free where none is given out. */
static void test_nothing_is_free(void **state)
{
	struct registry_rig *rig = *state;

	says(registry_rig_ask(rig, "prev: 0\n",
			      "as-block: AS4252660110-AS4252660199\npolicy: closed\nmnt-by: HOST-MNT\nsource: TEST\n",
			      "0"),
	     "% receipt");
	assert_string_equal(registry_rig_question(rig, "free asn"),
			    "%ERROR: no open as-block has a free AS number\n% end\n");
}

/* Requests for blocks out of the one of which the hostmaster decides. */
static void queue_fill(struct registry_rig *rig, unsigned count, const char *more)
{
	char objects[300];

	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(objects, sizeof(objects),
			       "inet6num: fca1:200:%u::/48\nnetname: X-NET\nmnt-by: ALICE-MNT\nsource: TEST\n%s", i,
			       more);
		says(registry_rig_ask(rig, "prev: none\n", objects, "1"), "% queued: ");
	}
}

/* All that wait, oldest first, each by what it is about; and how many a listing leaves out. */
static void test_listed(void **state)
{
	static const char many[] = "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 1007)"
				   " INSERT INTO queue (id, time, hash, label, text, same)"
				   " SELECT i, 1, randomblob(32), 'x', x'78', randomblob(32) FROM n";
	struct registry_rig *rig = *state;
	sqlite3 *db;

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt");
	queue_fill(rig, 1, "");
	queue_fill(rig, 1,
		   "\nas-set: AS-ONE\nmnt-by: ALICE-MNT\nsource: TEST\n\n"
		   "as-set: AS-TWO\nmnt-by: ALICE-MNT\nsource: TEST\n");
	says(registry_rig_question(rig, "queue"), " [inet6num] fca1:200::/48\n2 ");
	says(rig->answer, " [inet6num] fca1:200::/48 and 2 more\n% end\n");
	assert_ptr_equal(strstr(registry_rig_question(rig, "queue 1"), "% 1 20"), rig->answer);
	says(rig->answer, " [inet6num] fca1:200::/48\nrequest: r");
	/* A listing has an end. */
	assert_int_equal(sqlite3_open(rig->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, many, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	says(registry_rig_question(rig, "queue"), "\n1000 ");
	says(rig->answer, "\n% and 7 more\n% end\n");
	does_not_say(rig->answer, "\n1001 ");
}

static void on_any(void *arg, struct al_slice answer)
{
	struct registry_rig *rig = arg;

	rig->answers++;
	if (!al_slice_is(answer, "% end\n"))
		assert_int_equal(al_slice_copy(answer, rig->answer, sizeof(rig->answer)), AL_OK);
	al_loop_stop(rig->loop);
}

/* So many questions wait for what is being stored; who asks one more is told at once, and asks again. */
static void test_too_many_wait(void **state)
{
	static const char hash[] = "queue-status 0000000000000000000000000000000000000000000000000000000000000000";
	struct registry_rig *rig = *state;
	unsigned signs = rig->signs;
	struct al_buf raw;

	al_buf_init(&raw, 65536);
	registry_rig_request(rig, "prev: none\n", ALICE, "1", &raw);
	rig->holding = true;
	pipeline_submit(rig->pipeline, al_buf_view(&raw), NULL, on_any, rig);
	while (rig->signs == signs)
		(void)usleep(1000); /* until the writer has all that it takes */
	rig->answers = 0;
	for (unsigned i = 0; i < 256; i++)
		question_answer(&rig->question, AL_S("queue"), on_any, rig);
	assert_int_equal(rig->answers, 0);
	for (unsigned i = 0; i < 3; i++) {
		rig->answer[0] = '\0';
		question_answer(&rig->question,
				i == 0   ? AL_S("queue")
				: i == 1 ? AL_S("queue 1")
					 : AL_S(hash),
				on_any, rig);
		assert_int_equal(rig->answers, i + 1);
		assert_string_equal(rig->answer, "%ERROR: too much is waiting: ask again\n% end\n");
	}
	rig->holding = false;
	registry_rig_wait(rig, 3 + 256 + 1);
	al_buf_release(&raw);
}

static void test_contact_is_of_the_living_hash(void **state)
{
	struct registry_rig *rig = *state;
	struct al_buf raw;

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt");
	al_buf_init(&raw, 65536);
	registry_rig_request(rig, "prev: none\n",
			     "person: Ann\nnic-hdl: ANN-TEST\ncontact: @C@\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
			     &raw);
	says(registry_rig_send(rig, al_buf_view(&raw), NULL), "FAILED"); /* @C@ is no hash */
	says(registry_rig_ask(rig, "prev: none\n", "person: Ann\nnic-hdl: ANN-TEST\nmnt-by: ALICE-MNT\nsource: TEST\n",
			      "1"),
	     "% receipt");
	says(registry_rig_question(rig, "contact ann-test"),
	     "% object: person ANN-TEST\n% contact: none\n% state: none\n");
	al_buf_release(&raw);
}

/* What waits shows its text and signatures; what is beside them is not for anybody yet. */
static void test_nothing_waiting_shows_a_contact(void **state)
{
	struct registry_rig *rig = *state;
	struct al_buf raw, text, hash;
	uint8_t digest[AL_HASH_LEN];
	struct al_slice block = AL_S(CONTACT), line, from;
	char hex[2 * AL_HASH_LEN + 1], objects[1000], question[100];

	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt");
	(void)al_slice_line(&block, &line);
	from = al_slice_head(block, block.len - (sizeof("-----END CONTACT ANN-TEST-----\n") - 1));
	(void)crypto_hash_sha256(digest, (const unsigned char *)from.ptr, from.len);
	al_buf_init(&hash, 100);
	al_buf_base64(&hash, digest, sizeof(digest));
	(void)snprintf(objects, sizeof(objects),
		       "person: Ann\nnic-hdl: ANN-TEST\ncontact: sha256:%.*s\nmnt-by: ALICE-MNT\nsource: TEST\n\n"
		       "inet6num: fca1:200::/48\nnetname: X-NET\nmnt-by: ALICE-MNT\nsource: TEST\n",
		       AL_FMT(al_buf_view(&hash)));
	al_buf_init(&raw, 65536);
	al_buf_init(&text, 65536);
	registry_rig_request(rig, "prev: none\n", objects, "1", &text);
	al_buf_slice(&raw, al_buf_view(&text));
	al_buf_str(&raw, CONTACT);
	says(registry_rig_send(rig, al_buf_view(&raw), NULL), "% queued: 1,");
	(void)crypto_hash_sha256(digest, text.ptr,
				 (size_t)(strstr((const char *)text.ptr, "-----BEGIN SSH") - (char *)text.ptr));
	(void)sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	says(rig->answer, hex);
	says(registry_rig_question(rig, "queue 1"), "-----END SSH SIGNATURE-----\n% end\n");
	assert_null(strstr(rig->answer, "CONTACT"));
	(void)snprintf(question, sizeof(question), "queue-status %s", hex);
	says(registry_rig_question(rig, question), "state: waiting\nnumber: 1\n");
	/* The hostmaster signs what he was shown; the registry has the rest. */
	al_buf_reset(&raw);
	al_buf_slice(&raw, al_buf_view(&text));
	al_sshsig_sign(rig->seed[RIG_HOST], RIG_NS,
		       al_slice_head(al_buf_view(&text),
				     (size_t)(strstr((const char *)text.ptr, "-----BEGIN SSH") - (char *)text.ptr)),
		       &raw);
	assert_int_equal(metric("alamo_registry_queue_waiting"), 1);
	says(registry_rig_send(rig, al_buf_view(&raw), NULL), "% receipt: index 2,");
	assert_int_equal(metric("alamo_registry_queue_waiting"), 0);
	says(registry_rig_question(rig, "contact ANN-TEST"), "% state: present\n");
	says(rig->answer, "e-mail: ann@example.net");
	says(registry_rig_question(rig, question), "state: accepted\nentry: 2\n");
	al_buf_release(&raw);
	al_buf_release(&text);
	al_buf_release(&hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_every_answer_ends),
		RIG_TEST(test_what_they_say),
		RIG_TEST(test_keys_of_a_log),
		RIG_TEST(test_nothing_is_free),
		RIG_TEST(test_listed),
		RIG_TEST(test_too_many_wait),
		RIG_TEST(test_contact_is_of_the_living_hash),
		RIG_TEST(test_nothing_waiting_shows_a_contact),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
