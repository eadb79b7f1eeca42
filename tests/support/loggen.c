/* SPDX-License-Identifier: MIT */
/*
 * loggen.c -- from a request in the making to a signed one, to an entry, to
 * the next state. Members' things are a fold over the state's changes.
 */
#include "loggen.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loggen_internal.h"

size_t loggen_random(struct loggen *gen, size_t below)
{
	uint64_t x = gen->random += 0x9e3779b97f4a7c15u; /* splitmix64 */

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return (size_t)((x ^ (x >> 31)) % below);
}

/* ---- keys ---- */

void loggen_seed(const struct loggen *gen, size_t member, unsigned rotation, uint8_t out[static 32])
{
	const uint64_t parts[3] = { gen->opts.seed, member, rotation };

	(void)crypto_hash_sha256(out, (const unsigned char *)parts, sizeof(parts));
}

void loggen_auth(const struct loggen *gen, size_t member, unsigned rotation, struct al_buf *out)
{
	uint8_t seed[32], sk[crypto_sign_SECRETKEYBYTES];
	struct al_sshkey key = { .fido = false };

	loggen_seed(gen, member, rotation, seed);
	(void)crypto_sign_seed_keypair(key.pk, sk, seed);
	al_sshkey_format(&key, out);
}

/* ---- what members have ---- */

static struct member *owner_of(struct loggen *gen, const struct al_object *object)
{
	struct al_slice mnt = al_object_attr(object, "mnt-by"), number;
	uint64_t at;

	number = al_slice_head(al_slice_from(mnt, 1), mnt.len > 5 ? mnt.len - 5 : 0);
	if (al_slice_u64(number, gen->count, &at) != AL_OK || at >= gen->count)
		return NULL;
	return &gen->members[at];
}

static struct thing *thing_find(struct member *member, const struct al_object *object)
{
	for (size_t i = 0; i < member->count; i++)
		if (member->things[i].cls == (enum al_class)object->cls &&
		    al_slice_is(al_object_key(object), member->things[i].key))
			return &member->things[i];
	return NULL;
}

static enum al_err thing_add(struct loggen *gen, struct member *member, const struct al_object *object)
{
	struct thing *thing = thing_find(member, object);

	if (thing != NULL) {
		thing->dead = false;
		return AL_OK;
	}
	if (member->count == member->cap) {
		size_t cap = member->cap > 0 ? member->cap * 2 : 8;
		struct thing *grown = realloc(member->things, cap * sizeof(*grown));

		if (grown == NULL)
			return AL_ENOMEM;
		member->things = grown;
		member->cap = cap;
	}
	thing = &member->things[member->count];
	*thing = (struct thing){ .cls = (enum al_class)object->cls, .fixed = gen->making.joins };
	thing->key = al_slice_dup(al_object_key(object));
	if (thing->key == NULL)
		return AL_ENOMEM;
	member->count++;
	if (object->cls == AL_AUT_NUM && member->asn[0] == '\0')
		return al_slice_copy(al_object_key(object), member->asn, sizeof(member->asn));
	if (object->cls == AL_INET6NUM && member->net.bits == 0)
		return al_object_prefix(object, &member->net);
	return AL_OK;
}

static void thing_drop(struct member *member, const struct al_object *object, bool keep)
{
	struct thing *thing = thing_find(member, object);

	if (thing == NULL)
		return;
	if (keep) {
		thing->dead = true;
		return;
	}
	free(thing->key);
	*thing = member->things[--member->count];
}

static bool is_name(const struct al_object *object)
{
	return object->cls == AL_DOMAIN || object->cls == AL_PERSON || object->cls == AL_AS_SET;
}

static enum al_err on_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct loggen *gen = arg;
	struct member *owner = owner_of(gen, now);
	struct member *before = old != NULL ? owner_of(gen, old) : NULL;
	enum al_err err = AL_OK;

	if (before != NULL && before != owner)
		thing_drop(before, now, false);
	if (owner != NULL && !now->deleted)
		err = thing_add(gen, owner, now);
	else if (owner != NULL)
		thing_drop(owner, now, is_name(now));
	return err;
}

/* ---- life ---- */

enum al_err loggen_new(const struct loggen_opts *opts, struct loggen **out)
{
	struct loggen *gen = calloc(1, sizeof(*gen));
	enum al_err err;

	if (gen == NULL)
		return AL_ENOMEM;
	gen->opts = *opts;
	gen->random = opts->seed;
	gen->time = opts->start;
	al_buf_init(&gen->making.objects, AL_REQUEST_MAX);
	al_buf_init(&gen->making.prevs, 1024);
	al_buf_init(&gen->making.beside, 4096);
	al_buf_init(&gen->request, AL_REQUEST_MAX);
	al_buf_init(&gen->entry, 2 * AL_ENTRY_MAX);
	err = book_new(&gen->book);
	if (err != AL_OK) {
		loggen_free(gen);
		return err;
	}
	book_observe(gen->book, on_change, gen);
	*out = gen;
	return AL_OK;
}

void loggen_free(struct loggen *gen)
{
	if (gen == NULL)
		return;
	for (size_t i = 0; i < gen->count; i++) {
		for (size_t k = 0; k < gen->members[i].count; k++)
			free(gen->members[i].things[k].key);
		free(gen->members[i].things);
	}
	free(gen->members);
	book_free(gen->book);
	al_buf_release(&gen->making.objects);
	al_buf_release(&gen->making.prevs);
	al_buf_release(&gen->making.beside);
	al_buf_release(&gen->request);
	al_buf_release(&gen->entry);
	free(gen);
}

struct al_slice loggen_request(const struct loggen *gen)
{
	return al_buf_view(&gen->request);
}

struct al_slice loggen_entry(const struct loggen *gen)
{
	return al_buf_view(&gen->entry);
}

const char *loggen_reason(const struct loggen *gen)
{
	return gen->reason;
}

const struct al_state *loggen_state(const struct loggen *gen)
{
	return book_state(gen->book);
}

/* ---- one request ---- */

static enum al_err request_sign(struct loggen *gen)
{
	struct making *making = &gen->making;
	struct al_buf *out = &gen->request;
	char until[AL_TIME_STRLEN];
	uint8_t seed[32];
	size_t text_len;

	al_buf_reset(out);
	al_buf_printf(out, "request: g%" PRIu64 "\nprev:", gen->number);
	al_buf_slice(out, al_buf_view(&making->prevs));
	al_buf_str(out, "\n");
	if (loggen_random(gen, 8) == 0) {
		al_time_format(gen->time + loggen_random(gen, 100), until);
		al_buf_printf(out, "not-after: %s\n", until);
	}
	al_buf_str(out, "\n");
	al_buf_slice(out, al_buf_view(&making->objects));
	text_len = out->len;
	for (size_t i = 0; i < making->signer_count && out->err == AL_OK; i++) {
		size_t who = making->signers[i];
		struct al_buf block;

		loggen_seed(gen, who, who < gen->count ? gen->members[who].rotation : 0, seed);
		al_buf_init(&block, 4096);
		al_sshsig_sign(seed, LOGGEN_NS, al_slice_head(al_buf_view(out), text_len), &block);
		if (block.err != AL_OK)
			out->err = block.err;
		al_buf_slice(out, al_buf_view(&block));
		al_buf_release(&block);
	}
	al_buf_slice(out, al_buf_view(&making->beside));
	return making->objects.err != AL_OK ? making->objects.err : out->err;
}

/* By the whole rule book, which has to agree. */
static enum al_err entry_decide(struct loggen *gen, struct decision *d)
{
	enum al_err err = decision_read(d, loggen_request(gen), LOGGEN_NS);

	if (err == AL_OK)
		err = book_decide(gen->book, d, gen->time);
	if (err != AL_OK || (d->accepted && d->changes && strcmp(d->actions, gen->making.letters) == 0))
		return err;
	(void)snprintf(gen->reason, sizeof(gen->reason), "result %s, not %s", d->actions != NULL ? d->actions : "none",
		       gen->making.letters);
	for (size_t i = 0; i < d->report.count; i++)
		if (d->report.items[i].severity == AL_ERROR) {
			(void)snprintf(gen->reason, sizeof(gen->reason), "%s: %.300s", d->report.items[i].clause,
				       d->report.items[i].text);
			break;
		}
	return AL_EDENIED;
}

/* Only what has to be worked out to have the entry. */
static enum al_err entry_fill(struct loggen *gen, struct decision *d)
{
	enum al_err err = al_request_parse(loggen_request(gen), &d->request, NULL);

	d->index = al_state_size(book_state(gen->book));
	d->time = gen->time;
	space_advance(book_space(gen->book), gen->time);
	if (err == AL_OK)
		err = allot_placeholders(d, book_state(gen->book), book_space(gen->book));
	d->actions = al_slice_dup(al_slice_str(gen->making.letters));
	return err == AL_OK && d->actions == NULL ? AL_ENOMEM : err;
}

static enum al_err request_store(struct loggen *gen)
{
	struct decision *d = decision_new();
	enum al_err err = AL_ENOMEM;

	al_buf_reset(&gen->entry);
	if (d != NULL)
		err = gen->opts.decide ? entry_decide(gen, d) : entry_fill(gen, d);
	if (err == AL_OK)
		err = decision_encode(d, &gen->entry);
	if (err == AL_OK && gen->opts.decide)
		err = book_put(gen->book, d);
	else if (err == AL_OK)
		err = book_load(gen->book, loggen_entry(gen));
	decision_free(d);
	return err;
}

static enum al_err member_reserve(struct loggen *gen)
{
	size_t cap = gen->cap > 0 ? gen->cap * 2 : 64;
	struct member *grown;

	if (gen->count < gen->cap)
		return AL_OK;
	grown = realloc(gen->members, cap * sizeof(*grown));
	if (grown == NULL)
		return AL_ENOMEM;
	memset(grown + gen->cap, 0, (cap - gen->cap) * sizeof(*grown));
	gen->members = grown;
	gen->cap = cap;
	return AL_OK;
}

enum al_err loggen_next(struct loggen *gen)
{
	struct making *making = &gen->making;
	enum al_err err = member_reserve(gen);

	if (err != AL_OK)
		return err;
	al_buf_reset(&making->objects);
	al_buf_reset(&making->prevs);
	al_buf_reset(&making->beside);
	memset(making->letters, 0, sizeof(making->letters));
	making->count = making->signer_count = 0;
	making->rotates = NULL;
	making->joins = false;
	gen->time += loggen_random(gen, 40) == 0 ? loggen_random(gen, 7200) : loggen_random(gen, 3);
	if (gen->number == 0)
		loggen_found(gen);
	else
		loggen_make(gen);
	err = request_sign(gen);
	if (err == AL_OK)
		err = request_store(gen);
	if (err != AL_OK)
		return err;
	gen->number++;
	if (making->rotates != NULL)
		making->rotates->rotation++;
	return AL_OK;
}
