/* SPDX-License-Identifier: MIT */
/*
 * ledger_bench.c -- the figures behind bench/ledger, one a call: NAME VALUE lines.
 *
 *   append DIR OUTSTANDING COUNT BYTES     entries/s, durable, with so many under way
 *   hash COUNT BYTES                       leaves/s into a tree; SHA-256 of the same bytes by libsodium
 *   make DIR COUNT BYTES A_COMMIT          a ledger with a signed checkpoint each A_COMMIT entries
 *   open DIR                               seconds to open it, all verified
 *   signatures COUNT                       checkpoints opened/s; Ed25519 checks/s by libsodium
 *   sync DIR COUNT                         4 KiB written and fdatasync()ed/s
 *
 * The entries' bytes are noise. DIR/ledger.db is used, DIR/key.bin holds the key.
 */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "ledger/ledger.h"
#include "ledger/engine.h"
#include "sign/signer.h"

#define ENTRY_LEN_MAX 60000
#define ORIGIN AL_S("bench.test/log")
#define MAKE_TRANSACTION 50000 /* entries a transaction of `make`, which needs no durability in between */

static double now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "ledger_bench: %s failed\n", what);
	exit(1);
}

/* The index makes each entry another one. */
static struct al_slice entry_of(uint8_t *bytes, size_t len, uint64_t index)
{
	memcpy(bytes, &index, sizeof(index));
	return al_slice_of(bytes, len);
}

static void noise(uint8_t out[static ENTRY_LEN_MAX])
{
	static const uint8_t seed[randombytes_SEEDBYTES] = { 1 };

	randombytes_buf_deterministic(out, ENTRY_LEN_MAX, seed);
}

static void path_of(const char *dir, const char *name, char out[static 512])
{
	need(snprintf(out, 512, "%s/%s", dir, name) < 512, "path");
}

/* The same key for `make` and the `open` after it. */
static struct al_skey key_of(const char *dir)
{
	struct al_skey key;
	char path[512];
	FILE *file;

	path_of(dir, "key.bin", path);
	file = fopen(path, "re");
	if (file != NULL) {
		need(fread(&key, sizeof(key), 1, file) == 1, "key");
	} else {
		need(al_skey_generate(ORIGIN, &key) == AL_OK, "key");
		file = fopen(path, "we");
		need(file != NULL && fwrite(&key, sizeof(key), 1, file) == 1, "key");
	}
	(void)fclose(file);
	return key;
}

static struct ledger *open_ledger(const char *dir, bool create)
{
	static struct al_skey key; /* the ledger's signer points to it */
	char path[512];
	struct ledger_opts opts = { .path = path, .key = &key.pub, .signer = signer_local(&key), .create = create };
	struct ledger *ledger = NULL;

	key = key_of(dir);
	path_of(dir, "ledger.db", path);
	need(ledger_open(&opts, &ledger) == AL_OK, "ledger_open");
	return ledger;
}

/* ---- append ---- */

struct append {
	struct ledger *ledger;
	struct al_loop *loop;
	uint8_t bytes[ENTRY_LEN_MAX];
	size_t len;
	uint64_t sent;
	uint64_t done;
	uint64_t count;
};

static void on_done(void *arg, enum al_err err, const struct ledger_receipt *receipt);

static void append_one(struct append *a)
{
	need(ledger_append(a->ledger, a->sent, entry_of(a->bytes, a->len, a->sent), on_done, a) == AL_OK, "append");
	a->sent++;
}

static void on_done(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct append *a = arg;

	(void)receipt;
	need(err == AL_OK, "commit");
	if (++a->done == a->count)
		al_loop_stop(a->loop);
	else if (a->sent < a->count)
		append_one(a);
}

static void bench_append(const char *dir, uint64_t outstanding, uint64_t count, size_t len)
{
	static struct append a;
	double begun;

	a = (struct append){ .len = len, .count = count };
	noise(a.bytes);
	a.ledger = open_ledger(dir, true);
	need(al_loop_new(&a.loop) == AL_OK && ledger_start(a.ledger, a.loop, NULL, NULL) == AL_OK, "start");
	begun = now_s();
	while (a.sent < outstanding && a.sent < count)
		append_one(&a);
	al_loop_run(a.loop);
	printf("appends %.1f\n", (double)count / (now_s() - begun));
	ledger_close(a.ledger);
	al_loop_free(a.loop);
}

/* ---- hash ---- */

static void bench_hash(uint64_t count, size_t len)
{
	static uint8_t bytes[ENTRY_LEN_MAX];
	uint8_t out[crypto_hash_sha256_BYTES];
	struct al_tree *tree;
	double begun, ours;

	noise(bytes);
	need(al_tree_new(&tree) == AL_OK, "tree");
	begun = now_s();
	for (uint64_t i = 0; i < count; i++) {
		struct al_hash leaf = al_leaf_hash(entry_of(bytes, len, i));

		need(al_tree_push(tree, &leaf) == AL_OK, "push");
	}
	ours = now_s() - begun;
	al_tree_free(tree);
	begun = now_s();
	/* What a leaf and its share of the nodes have to hash, and nothing else. */
	for (uint64_t i = 0; i < count; i++) {
		(void)entry_of(bytes, len, i);
		(void)crypto_hash_sha256(out, bytes, len + 1);
		(void)crypto_hash_sha256(out, bytes, 65);
	}
	printf("leaves %.1f\nlibsodium %.1f\n", (double)count / ours, (double)count / (now_s() - begun));
}

/* ---- make and open ---- */

static void add_checkpoint(struct engine *engine, const struct al_skey *key, const struct al_tree *tree)
{
	struct al_checkpoint cp = { .size = al_tree_size(tree), .root = al_tree_root(tree, al_tree_size(tree)) };
	struct al_buf text, note;

	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(key->pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), key, &note);
	need(engine->ops->add_note(engine, cp.size, al_buf_view(&note)) == AL_OK, "checkpoint");
	al_buf_release(&text);
	al_buf_release(&note);
}

/* Through the ledger's own statements, without waiting for a commit at each checkpoint. */
static void bench_make(const char *dir, uint64_t count, size_t len, uint64_t a_commit)
{
	static uint8_t bytes[ENTRY_LEN_MAX];
	struct al_skey key = key_of(dir);
	struct engine *engine;
	struct al_tree *tree;
	char path[512];

	noise(bytes);
	path_of(dir, "ledger.db", path);
	need(al_tree_new(&tree) == AL_OK && engine_open(path, true, &engine) == AL_OK, "open");
	for (uint64_t i = 0; i < count; i++) {
		struct al_slice body = entry_of(bytes, len, i);
		struct al_hash leaf = al_leaf_hash(body);

		need(i % MAKE_TRANSACTION != 0 || engine->ops->begin(engine) == AL_OK, "begin");
		need(engine->ops->append(engine, i, &leaf, body) == AL_OK && al_tree_push(tree, &leaf) == AL_OK, "add");
		if ((i + 1) % a_commit == 0 || i + 1 == count)
			add_checkpoint(engine, &key, tree);
		if ((i + 1) % MAKE_TRANSACTION == 0 || i + 1 == count)
			need(engine->ops->commit(engine) == AL_OK, "commit");
	}
	engine_close(engine);
	al_tree_free(tree);
}

static void bench_open(const char *dir)
{
	double begun = now_s();
	struct ledger *ledger = open_ledger(dir, false);

	printf("seconds %.4f\nentries %llu\n", now_s() - begun, (unsigned long long)ledger_head(ledger, NULL).size);
	ledger_close(ledger);
}

/* ---- limits ---- */

static void bench_signatures(uint64_t count)
{
	struct al_checkpoint cp = { .size = 1000000 };
	struct al_skey key;
	struct al_buf text, note;
	uint8_t pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES], signature[crypto_sign_BYTES];
	double begun, ours;

	need(al_skey_generate(ORIGIN, &key) == AL_OK && crypto_sign_seed_keypair(pk, sk, key.seed) == 0, "key");
	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	al_checkpoint_format(ORIGIN, &cp, &text);
	al_note_sign(al_buf_view(&text), &key, &note);
	(void)crypto_sign_detached(signature, NULL, (const uint8_t *)text.ptr, text.len, sk);
	begun = now_s();
	for (uint64_t i = 0; i < count; i++)
		need(al_checkpoint_open(al_buf_view(&note), &key.pub, &cp) == AL_OK, "checkpoint");
	ours = now_s() - begun;
	begun = now_s();
	for (uint64_t i = 0; i < count; i++)
		need(crypto_sign_verify_detached(signature, (const uint8_t *)text.ptr, text.len, pk) == 0, "verify");
	printf("checks %.1f\nlibsodium %.1f\n", (double)count / ours, (double)count / (now_s() - begun));
	al_buf_release(&text);
	al_buf_release(&note);
}

static void bench_sync(const char *dir, uint64_t count)
{
	static uint8_t bytes[4096];
	char path[512];
	double begun;
	int fd;

	path_of(dir, "sync.bin", path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	need(fd >= 0, "open");
	begun = now_s();
	for (uint64_t i = 0; i < count; i++) {
		bytes[0]++;
		need(pwrite(fd, bytes, sizeof(bytes), (off_t)(i % 256 * sizeof(bytes))) == (ssize_t)sizeof(bytes) &&
			     fdatasync(fd) == 0,
		     "fdatasync");
	}
	printf("syncs %.1f\n", (double)count / (now_s() - begun));
	(void)close(fd);
	(void)unlink(path);
}

static uint64_t number(char **argv, int at)
{
	uint64_t value = strtoull(argv[at], NULL, 10);

	need(value > 0, argv[at]);
	return value;
}

/* Whole bytes of an entry, with room for its index. */
static size_t length(char **argv, int at)
{
	uint64_t value = number(argv, at);

	need(value >= sizeof(uint64_t) && value < ENTRY_LEN_MAX, argv[at]);
	return (size_t)value;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	need(sodium_init() >= 0, "sodium_init");
	al_log_init("ledger_bench", AL_LOG_ERROR);
	if (strcmp(what, "append") == 0 && argc == 6)
		bench_append(argv[2], number(argv, 3), number(argv, 4), length(argv, 5));
	else if (strcmp(what, "hash") == 0 && argc == 4)
		bench_hash(number(argv, 2), length(argv, 3));
	else if (strcmp(what, "make") == 0 && argc == 6)
		bench_make(argv[2], number(argv, 3), length(argv, 4), number(argv, 5));
	else if (strcmp(what, "open") == 0 && argc == 3)
		bench_open(argv[2]);
	else if (strcmp(what, "signatures") == 0 && argc == 3)
		bench_signatures(number(argv, 2));
	else if (strcmp(what, "sync") == 0 && argc == 4)
		bench_sync(argv[2], number(argv, 3));
	else
		need(false, "usage: see the head of bench/ledger_bench.c");
	return 0;
}
