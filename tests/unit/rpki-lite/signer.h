/* SPDX-License-Identifier: MIT */
/*
 * signer.h -- a log and a key for route origins, what they sign, and a folder for it. For tests only.
 */
#ifndef TESTS_RPKI_SIGNER_H
#define TESTS_RPKI_SIGNER_H

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../origins/vrps.h"

#include "alamo/tlog/note_file.h"
#include "origin_head.h"
#include "origin_set.h"
#include "vrp_build.h"

struct signer {
	struct al_skey log, roa;
	uint64_t key_version; /* of what the log says next about who signs heads */
	char dir[64];
};

static inline void signer_init(struct signer *signer)
{
	assert_int_equal(al_skey_generate(AL_S("x/log"), &signer->log), AL_OK);
	assert_int_equal(al_skey_generate(AL_S("x/roa"), &signer->roa), AL_OK);
	signer->key_version = 1;
	strcpy(signer->dir, "/tmp/alamo-rpki-XXXXXX");
	assert_non_null(mkdtemp(signer->dir));
}

static inline const char *signer_path(const struct signer *signer, const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", signer->dir, name);
	return path;
}

static inline void signer_write(const struct signer *signer, const char *name, struct al_slice text)
{
	assert_int_equal(al_note_save(signer_path(signer, name), text, false), AL_OK);
}

static inline bool signer_has(const struct signer *signer, const char *name)
{
	return access(signer_path(signer, name), F_OK) == 0;
}

/* `count` routes of one AS, one /24 each. */
static inline struct vrp_set *signer_set(unsigned count, uint64_t size)
{
	struct vrp items[64];
	struct vrp_set *set;

	assert_true(count <= AL_COUNT(items));
	for (unsigned i = 0; i < count; i++) {
		items[i] = vrp_of("10.0.0.0/24", 24, 64500);
		items[i].addr[2] = (uint8_t)i;
	}
	assert_int_equal(vrp_set_new(items, count, size, &set), AL_OK);
	return set;
}

static inline void signer_note(const struct al_skey *key, const struct al_buf *text, struct al_buf *out)
{
	al_buf_init(out, AL_NOTE_MAX);
	al_note_sign(al_buf_view(text), key, out);
	assert_int_equal(out->err, AL_OK);
}

/* The log's word for its first `size` entries. `out` is the caller's. */
static inline struct al_checkpoint signer_checkpoint(const struct signer *signer, uint64_t size, struct al_buf *out)
{
	struct al_checkpoint cp = { .size = size, .root.b = { (uint8_t)size } };
	struct al_buf text;

	al_buf_init(&text, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(signer->log.pub.name), &cp, &text);
	signer_note(&signer->log, &text, out);
	al_buf_release(&text);
	return cp;
}

/* The log's word for who signs heads. */
static inline void signer_statement(const struct signer *signer, const struct al_vkey *who, uint64_t not_after,
				    struct al_buf *out)
{
	struct origin_key key = { .version = signer->key_version, .not_after = not_after, .key = *who };
	struct al_buf text;

	strcpy(key.log, signer->log.pub.name);
	al_buf_init(&text, AL_NOTE_MAX);
	origin_key_format(&key, &text);
	signer_note(&signer->log, &text, out);
	al_buf_release(&text);
}

/* A head for `set`, right at log size `size`, made at `time` for an hour. */
static inline void signer_head(const struct signer *signer, const struct vrp_set *set, uint64_t size, uint64_t time,
			       struct al_buf *out)
{
	struct origin_head head;
	struct al_buf text, records;

	origin_head_init(&head);
	al_buf_init(&records, ORIGIN_SET_MAX);
	al_buf_init(&text, AL_NOTE_MAX);
	origin_set_write(set, &records);
	origin_head_describe(&head, set, al_buf_view(&records));
	strcpy(head.origin, signer->roa.pub.name);
	strcpy(head.log, signer->log.pub.name);
	head.generated = time;
	head.expires = time + 3600;
	head.cp = signer_checkpoint(signer, size, &head.checkpoint);
	signer_statement(signer, &signer->roa.pub, time + 7200, &head.key);
	origin_head_format(&head, &text);
	signer_note(&signer->roa, &text, out);
	al_buf_release(&text);
	al_buf_release(&records);
	origin_head_release(&head);
}

#endif
