/* links: alamo_registry */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_framing.c -- what is accepted audits clean, through the edge of the
 * request port.
 *
 * Connections divided by NUL bytes; each is framed as the registry frames it,
 * every request that comes out is signed over what the sender has (one fixed
 * key, whose public part the corpus has), decided, and its entry audited.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/rpsl/sshsig.h"
#include "audit.h"
#include "book.h"
#include "request/framing.h"

#define NS AL_S("registry@tt")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

struct rig {
	struct book *book;
	struct audit *audit;
	uint64_t time;
};

static void entry_check(struct rig *rig, const struct decision *d)
{
	struct audit_counts counts;
	struct al_buf bytes, again;
	struct al_entry entry;

	al_buf_init(&bytes, AL_ENTRY_MAX);
	al_buf_init(&again, AL_ENTRY_MAX);
	if (decision_encode(d, &bytes) == AL_OK) {
		must(al_entry_decode(al_buf_view(&bytes), &entry) == AL_OK);
		must(al_slice_eq(entry.body, al_buf_view(&d->request.bytes)));
		must(al_entry_encode(&entry, &again) == AL_OK && al_slice_eq(al_buf_view(&bytes), al_buf_view(&again)));
		must(audit_entry(rig->audit, al_buf_view(&bytes)) == AL_OK);
		must(audit_finish(rig->audit, &counts) && counts.kinds[AUDIT_OLDER] == 0);
		must(book_put(rig->book, d) == AL_OK);
	}
	al_buf_release(&bytes);
	al_buf_release(&again);
}

static void request_decide(struct rig *rig, struct al_slice raw)
{
	struct decision *d = decision_new();
	uint64_t before;

	must(d != NULL && decision_read(d, raw, NS) == AL_OK);
	must(book_decide(rig->book, d, ++rig->time) == AL_OK);
	if (d->accepted && d->changes && !d->request.dry_run && !book_find_text(rig->book, d->request.hash, &before))
		entry_check(rig, d);
	decision_free(d);
}

/* The bytes as they came, a signature over them behind; framed, and decided if a request comes out. */
static void connection_run(struct rig *rig, struct al_slice sent)
{
	enum framing_event event = FRAMING_MORE;
	uint8_t seed[32];
	struct al_slice rest;
	struct framing f;
	struct al_buf all;

	memset(seed, 1, sizeof(seed));
	al_buf_init(&all, 1u << 21);
	al_buf_slice(&all, sent);
	al_sshsig_sign(seed, NS, sent, &all);
	rest = al_buf_view(&all);
	framing_init(&f);
	while (event != FRAMING_END && event != FRAMING_BAD) {
		size_t left = rest.len;

		event = framing_next(&f, &rest, true);
		must(rest.len <= left && event != FRAMING_MORE);
		if (event == FRAMING_REQUEST) {
			must(memchr(f.request.ptr, '\r', f.request.len) == NULL);
			request_decide(rig, al_buf_view(&f.request));
		}
	}
	framing_release(&f);
	al_buf_release(&all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_slice rest = al_slice_of(data, size), sent;
	struct audit_opts opts = { .ns = NS };
	struct rig rig = { .time = 1700000000 };

	if (sodium_init() < 0 || size > 1u << 20)
		return 0;
	must(book_new(&rig.book) == AL_OK && audit_new(&opts, &rig.audit) == AL_OK);
	while (rest.len > 0) {
		(void)al_slice_cut(&rest, '\0', &sent);
		connection_run(&rig, sent);
	}
	audit_free(rig.audit);
	book_free(rig.book);
	return 0;
}
