/* SPDX-License-Identifier: MIT */
/*
 * golden.h -- a registry from a file, and files that hold what is said of it,
 * byte for byte. @VERSION@ stands for the program's version. With
 * GOLDEN_WRITE=1 the answers are written into the files instead.
 */
#ifndef WHOIS_GOLDEN_H
#define WHOIS_GOLDEN_H

#include "fixture.h"

#include <dirent.h>
#include <errno.h>

#include "alamo/rpsl/entry.h"
#include "entries.h"
#include "history.h"
#include "past.h"

struct golden {
	struct fixture f;
	struct whois_history *history;
	struct whois_entries *entries;
	struct whois_past *past;
	struct al_edge edge;
};

static struct golden golden;

static inline void golden_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct golden *g = arg;

	fixture_change(&g->f, old, now);
	whois_history_change(g->history, old, now);
}

static inline char *file_read(const char *path)
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

/* One object as one entry; what is hashed is a stand-in for it. */
static inline void golden_put(const char *text)
{
	uint64_t index = al_state_size(golden.f.state);
	struct al_entry entry = { .index = index,
				  .time = FIXTURE_TIME + index,
				  .kind = AL_S("request"),
				  .result = AL_S("c"),
				  .body = al_slice_str(text) };
	struct al_buf bytes;
	struct al_hash leaf;

	al_buf_init(&bytes, 1u << 20);
	assert_int_equal(al_entry_encode(&entry, &bytes), AL_OK);
	leaf = al_leaf_hash(al_buf_view(&bytes));
	whois_entries_add(golden.entries, al_buf_view(&bytes), &leaf);
	al_edge_push(&golden.edge, &leaf);
	fixture_put(&golden.f, text);
	al_buf_release(&bytes);
}

/* Objects are separated by empty lines; each is an entry, and `then` comes after it. */
static inline void golden_put_file_then(const char *path, void (*then)(void))
{
	char *text = file_read(path), *at = text, *end;

	while ((end = strstr(at, "\n\n")) != NULL) {
		end[1] = '\0';
		golden_put(at);
		if (then != NULL)
			then();
		at = end + 2;
	}
	free(text);
}

static inline void golden_put_file(const char *path)
{
	golden_put_file_then(path, NULL);
}

static inline void golden_open(void)
{
	fixture_init(&golden.f);
	assert_int_equal(whois_history_new("/tmp", &golden.history), AL_OK);
	assert_int_equal(whois_entries_new("/tmp", &golden.entries), AL_OK);
	assert_int_equal(whois_past_new(0, &golden.past), AL_OK);
	al_edge_init(&golden.edge);
	golden.f.view.history = golden.history;
	golden.f.view.entries = golden.entries;
	golden.f.view.past = golden.past;
	al_state_observe(golden.f.state, golden_change, &golden);
}

static inline void golden_init(void)
{
	golden_open();
	golden_put_file(TEST_DATA "/golden/whois/registry.rpsl");
	for (size_t i = 0; i < AL_HASH_LEN; i++)
		golden.f.view.head.root.b[i] = (uint8_t)(i + 1);
}

static inline void golden_release(void)
{
	assert_int_equal(whois_history_error(golden.history), AL_OK);
	fixture_release(&golden.f);
	whois_history_free(golden.history);
	whois_entries_free(golden.entries);
	whois_past_free(golden.past);
}

/* The program's version is not part of what is compared. */
static inline void golden_put_neutral(struct al_slice text, struct al_buf *out)
{
	static const char name[] = "alamo-whoisd";
	const size_t named = sizeof(name), whole = named + sizeof(ALAMO_VERSION) - 1; /* "alamo-whoisd 1.2.3" */

	while (text.len > 0) {
		size_t len = 1;

		if (text.len >= whole && al_slice_starts(text, name) &&
		    al_slice_starts(al_slice_from(text, named), ALAMO_VERSION)) {
			len = whole;
			al_buf_slice(out, al_slice_head(text, named));
			al_buf_str(out, "@VERSION@");
		} else {
			al_buf_u8(out, (uint8_t)text.ptr[0]);
		}
		text = al_slice_from(text, len);
	}
}

/* Asks what `text` asks, and writes questions and answers. */
typedef void (*golden_fn)(struct al_slice text, struct al_buf *out);

static inline bool golden_check(const char *folder, const char *name, golden_fn play)
{
	char path[1024], *text;
	struct al_buf got;
	bool same;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
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

static inline void golden_check_all(const char *path, golden_fn play, size_t least)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	size_t count = 0, wrong = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		if (!al_slice_ends(al_slice_str(entry->d_name), ".txt"))
			continue;
		count++;
		wrong += !golden_check(path, entry->d_name, play);
	}
	closedir(folder);
	print_message("%zu cases\n", count);
	assert_int_equal(wrong, 0);
	assert_true(count >= least);
}

#endif
