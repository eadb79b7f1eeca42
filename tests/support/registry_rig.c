/* SPDX-License-Identifier: MIT */
/*
 * registry_rig.c -- requests are read in place; commits go through the real
 * writer thread, whose signer can be told to fail or to wait.
 */
#include "registry_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sign/signer.h"

#define TEXT_MAX 65536

static const char founding[] =
	"registry: TEST\ntld: test\nsuper-prefix: fca1::/16\nroot-server: a fca1:0:a::53\nmnt-by: HOST-MNT\nsource: "
	"TEST\n\n"
	"mntner: HOST-MNT\nauth: @0@\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	"as-block: AS4252660000-AS4252669999\npolicy: closed\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	"as-block: AS4252660110-AS4252660199\npolicy: open\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	"inet6num: fca1::/16\nnetname: ALL-NET\npolicy: closed\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	"inet6num: fca1:100::/24\nnetname: POOL-NET\npolicy: open\nassign-len: 48\nmnt-by: HOST-MNT\nsource: TEST\n\n"
	"inet6num: fca1:200::/24\nnetname: ASK-NET\npolicy: ask\nassign-len: 48\nmnt-by: HOST-MNT\nsource: TEST\n";

static enum al_err sign(void *arg, const struct al_tree *tree, uint64_t base, struct al_buf *note)
{
	struct registry_rig *rig = arg;
	struct ledger_signer local = signer_local(&rig->key);
	const struct timespec pause = { .tv_nsec = 1000000 };

	rig->signs++;
	while (rig->holding)
		(void)nanosleep(&pause, NULL);
	return rig->failing ? AL_EIO : local.sign(local.arg, tree, base, note);
}

static enum al_err begin(void *arg, const struct al_tree *tree, struct al_slice note)
{
	(void)arg;
	(void)tree;
	(void)note;
	return AL_OK;
}

static enum al_err date(void *arg, const struct al_checkpoint *cp, struct al_buf *note)
{
	struct registry_rig *rig = arg;
	struct ledger_signer local = signer_local(&rig->key);

	return rig->failing ? AL_EIO : local.date(local.arg, cp, note);
}

static void kept(void *arg)
{
	(void)arg;
}

static void people_make(struct registry_rig *rig)
{
	for (int i = 0; i < RIG_PEOPLE; i++) {
		struct al_sshkey key = { .fido = false };
		uint8_t sk[crypto_sign_SECRETKEYBYTES];
		struct al_buf text;

		memset(rig->seed[i], i + 1, sizeof(rig->seed[i]));
		(void)crypto_sign_seed_keypair(key.pk, sk, rig->seed[i]);
		al_buf_init(&text, sizeof(rig->auth[i]) - 1);
		al_sshkey_format(&key, &text);
		assert_int_equal(al_slice_copy(al_buf_view(&text), rig->auth[i], sizeof(rig->auth[i])), AL_OK);
		al_buf_release(&text);
	}
}

static void conf_make(struct registry_rig *rig)
{
	char path[96], message[200];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/alamo.conf", rig->dir);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs("[network]\nname = test\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(al_conf_load(path, &rig->conf, message, sizeof(message)), AL_OK);
	(void)unlink(path);
	endpoints_init(&rig->endpoints, rig->conf);
}

void registry_rig_start(struct registry_rig *rig)
{
	struct ledger_opts opts = { .path = rig->path,
				    .signer = { .begin = begin, .sign = sign, .kept = kept, .date = date, .arg = rig },
				    .create = true };

	memset(rig, 0, sizeof(*rig));
	(void)snprintf(rig->dir, sizeof(rig->dir), "/tmp/alamo-registry-XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	(void)snprintf(rig->path, sizeof(rig->path), "%s/ledger.db", rig->dir);
	people_make(rig);
	conf_make(rig);
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &rig->key), AL_OK);
	opts.key = &rig->key.pub;
	assert_int_equal(al_loop_new(&rig->loop), AL_OK);
	assert_int_equal(ledger_open(&opts, &rig->ledger), AL_OK);
	assert_int_equal(pipeline_new(rig->ledger, RIG_NS, &rig->pipeline), AL_OK);
	assert_int_equal(ledger_start(rig->ledger, rig->loop, NULL, NULL), AL_OK);
	rig->question = (struct question_ctx){ .pipeline = rig->pipeline,
					       .ledger = rig->ledger,
					       .network = AL_S("test"),
					       .key = &rig->key.pub,
					       .endpoints = &rig->endpoints };
	assert_non_null(strstr(registry_rig_ask(rig, "prev: none\n", founding, "0"), "% receipt: index 0"));
}

void registry_rig_stop(struct registry_rig *rig)
{
	static const char *const names[] = { "", "-wal", "-shm", ".lock" };
	char name[128];

	rig->holding = false;
	ledger_close(rig->ledger);
	pipeline_free(rig->pipeline);
	al_loop_stop(rig->loop);
	al_loop_run(rig->loop); /* what the ledger has posted */
	al_loop_free(rig->loop);
	endpoints_release(&rig->endpoints);
	al_conf_free(rig->conf);
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", rig->path, names[i]);
		(void)unlink(name);
	}
	assert_int_equal(rmdir(rig->dir), 0);
}

void registry_rig_request(struct registry_rig *rig, const char *header, const char *objects, const char *signers,
			  struct al_buf *out)
{
	size_t begun = out->len, text_len;

	al_buf_printf(out, "request: r%u\n%s", rig->made++, header);
	if (*objects != '\0')
		al_buf_str(out, "\n");
	for (; *objects != '\0'; objects++)
		if (objects[0] == '@' && objects[1] >= '0' && objects[1] < '0' + RIG_PEOPLE && objects[2] == '@') {
			al_buf_str(out, rig->auth[objects[1] - '0']);
			objects += 2;
		} else {
			al_buf_u8(out, (uint8_t)*objects);
		}
	text_len = out->len - begun;
	for (; *signers != '\0'; signers++) {
		struct al_buf block;

		al_buf_init(&block, 4096);
		al_sshsig_sign(rig->seed[*signers - '0'], RIG_NS,
			       al_slice_head(al_slice_from(al_buf_view(out), begun), text_len), &block);
		al_buf_slice(out, al_buf_view(&block));
		al_buf_release(&block);
	}
	assert_int_equal(out->err, AL_OK);
}

void registry_rig_answer(void *arg, struct al_slice answer)
{
	struct registry_rig *rig = arg;

	assert_int_equal(al_slice_copy(answer, rig->answer, sizeof(rig->answer)), AL_OK);
	rig->answers++;
	al_loop_stop(rig->loop);
}

void registry_rig_wait(struct registry_rig *rig, size_t answers)
{
	while (rig->answers < answers)
		al_loop_run(rig->loop);
}

const char *registry_rig_send(struct registry_rig *rig, struct al_slice raw, const struct payer *source)
{
	size_t before = rig->answers;

	pipeline_submit(rig->pipeline, raw, source, registry_rig_answer, rig);
	registry_rig_wait(rig, before + 1);
	return rig->answer;
}

const char *registry_rig_ask(struct registry_rig *rig, const char *header, const char *objects, const char *signers)
{
	struct al_buf raw;
	const char *answer;

	al_buf_init(&raw, TEXT_MAX);
	registry_rig_request(rig, header, objects, signers, &raw);
	answer = registry_rig_send(rig, al_buf_view(&raw), NULL);
	al_buf_release(&raw);
	return answer;
}

const char *registry_rig_question(struct registry_rig *rig, const char *line)
{
	size_t before = rig->answers;

	question_answer(&rig->question, al_slice_str(line), registry_rig_answer, rig);
	registry_rig_wait(rig, before + 1);
	return rig->answer;
}

/* ---- what the tests share beside it ---- */

int registry_rig_setup(void **state)
{
	struct registry_rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	registry_rig_start(rig);
	*state = rig;
	return 0;
}

int registry_rig_teardown(void **state)
{
	registry_rig_stop(*state);
	free(*state);
	return 0;
}

void says(const char *answer, const char *what)
{
	if (strstr(answer, what) == NULL)
		fail_msg("\"%s\" is not in the answer:\n%s", what, answer);
}

void does_not_say(const char *answer, const char *what)
{
	if (strstr(answer, what) != NULL)
		fail_msg("\"%s\" is in the answer:\n%s", what, answer);
}
