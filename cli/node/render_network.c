/* SPDX-License-Identifier: MIT */
/*
 * render_network.c -- /etc/bird/alamo-network.conf: what the log says of everybody.
 *
 * Origins for when the RTR cache is away, and who is beside whom: an AS whose links are in the log is reached over one of
 * them, so that putting its number behind one's own (a forged origin) leads nowhere. Who has no link in the log may be beside
 * anybody.
 */
#include "render.h"

#include <stdlib.h>

#include "origin_file.h"
#include "vrp_build.h"

/* ---- who is beside whom ---- */

struct pair {
	uint32_t origin, beside;
};

struct pairs {
	const struct al_state *state;
	struct pair *list;
	size_t count, cap;
	enum al_err err;
};

static void pair_add(struct pairs *p, uint32_t origin, uint32_t beside)
{
	struct pair *more;

	if (p->count == p->cap) {
		more = reallocarray(p->list, p->cap * 2 + 64, sizeof(*more));
		if (more == NULL) {
			p->err = AL_ENOMEM;
			return;
		}
		p->list = more;
		p->cap = p->cap * 2 + 64;
	}
	p->list[p->count++] = (struct pair){ .origin = origin, .beside = beside };
}

static bool link_visit(const struct al_object *peering, void *arg)
{
	struct pairs *p = arg;
	struct al_slice names[2];
	const struct al_object *node;
	uint32_t asn[2];

	names[1] = al_object_key(peering);
	(void)al_slice_cut(&names[1], ':', &names[0]);
	for (size_t i = 0; i < 2; i++) {
		node = al_state_get(p->state, AL_NODE, names[i]);
		if (node == NULL || al_asn_parse(al_object_attr(node, "origin"), &asn[i]) != AL_OK)
			return true;
	}
	if (asn[0] != asn[1]) {
		pair_add(p, asn[0], asn[1]);
		pair_add(p, asn[1], asn[0]);
	}
	return p->err == AL_OK;
}

static int pair_cmp(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->origin != y->origin)
		return x->origin < y->origin ? -1 : 1;
	return (x->beside > y->beside) - (x->beside < y->beside);
}

/* Inside of two of bird's sets, which may not be empty. */
static void sets_put(const struct pairs *p, struct al_buf *out)
{
	al_buf_str(out, "define ALAMO_LISTED = [ 0");
	for (size_t i = 0; i < p->count; i++)
		if (i == 0 || p->list[i - 1].origin != p->list[i].origin)
			al_buf_printf(out, ", %u", p->list[i].origin);
	al_buf_str(out, " ];\ndefine ALAMO_LINKS = [ (0, 0, 0)");
	for (size_t i = 0; i < p->count; i++)
		if (i == 0 || pair_cmp(&p->list[i - 1], &p->list[i]) != 0)
			al_buf_printf(out, ", (0, %u, %u)", p->list[i].origin, p->list[i].beside);
	al_buf_str(out, " ];\n");
}

static enum al_err beside_put(const struct al_state *state, struct al_buf *out)
{
	struct pairs p = { .state = state };

	al_state_each(state, AL_PEERING, link_visit, &p);
	if (p.count > 0)
		qsort(p.list, p.count, sizeof(*p.list), pair_cmp);
	sets_put(&p, out);
	free(p.list);
	return p.err != AL_OK ? p.err : out->err;
}

/* ---- origins ---- */

static enum al_err origins_put(const struct al_state *state, struct al_buf *out)
{
	const struct origin_meta meta = { .network = "", .size = al_state_size(state) };
	struct vrp_set *set = NULL;
	enum al_err err = vrp_build(state, al_state_size(state), &set);

	if (err != AL_OK)
		return err;
	for (unsigned bits = 32; bits <= 128; bits += 96) {
		const char *family = bits == 32 ? "4" : "6";
		enum origin_file_kind kind = bits == 32 ? ORIGIN_BIRD2_4 : ORIGIN_BIRD2_6;

		al_buf_printf(
			out,
			"roa%s table alamo_kept%s;\nprotocol static alamo_file%s {\n\troa%s { table alamo_kept%s; };\n",
			family, family, family, family, family);
		origin_files[kind].write(out, set, &meta);
		al_buf_str(out, "}\n");
	}
	vrp_set_unref(set);
	return out->err;
}

enum al_err render_network(const struct al_state *state, struct al_buf *out)
{
	enum al_err err;

	al_buf_str(out, "# Written by `alamo node` from the verified log: origins for when the RTR cache is away, and "
			"links.\n");
	err = beside_put(state, out);
	return err == AL_OK ? origins_put(state, out) : err;
}
