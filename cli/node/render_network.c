/* SPDX-License-Identifier: MIT */
/*
 * render_network.c -- /etc/bird/alamo-network.conf, or its part of frr.conf: what the log says of everybody.
 *
 * Origins for when the RTR cache is away, and who is beside whom: an AS whose links are in the log is reached over one of
 * them, so that putting its number behind one's own (a forged origin) leads nowhere. Who has no link in the log may be beside
 * anybody.
 */
#include "render.h"

#include "origin_file.h"
#include "vrp_build.h"

/* The pairs of vrp_build.h (rule 4), as the inside of two of bird's sets, which may not be empty. */
static void beside_put(const struct vrp_set *set, struct al_buf *out)
{
	const struct vrp *pair, *before = NULL;
	struct vrp_walk walk;

	al_buf_str(out, "define ALAMO_LISTED = [ 0");
	vrp_walk_family(&walk, set, VRP_ASPA);
	for (; (pair = vrp_walk_next(&walk)) != NULL; before = pair)
		if (before == NULL || vrp_customer(before) != vrp_customer(pair))
			al_buf_printf(out, ", %u", vrp_customer(pair));
	al_buf_str(out, " ];\ndefine ALAMO_LINKS = [ (0, 0, 0)");
	vrp_walk_family(&walk, set, VRP_ASPA);
	while ((pair = vrp_walk_next(&walk)) != NULL)
		al_buf_printf(out, ", (0, %u, %u)", vrp_customer(pair), pair->asn);
	al_buf_str(out, " ];\n");
}

/* FRR: "NEIGHBOUR ORIGIN", "ORIGIN" alone, and who has links, each in lists by the origin's last digit. */
static void lists_put(const struct vrp_set *set, struct al_buf *out)
{
	const struct vrp *pair, *before = NULL;
	struct vrp_walk walk;

	vrp_walk_family(&walk, set, VRP_ASPA);
	for (; (pair = vrp_walk_next(&walk)) != NULL; before = pair) {
		uint32_t origin = vrp_customer(pair);

		if (before == NULL || vrp_customer(before) != origin)
			al_buf_printf(out,
				      "bgp as-path access-list alamo-listed-%u permit _%u$\n"
				      "bgp as-path access-list alamo-links-%u permit ^%u( %u)*$\n",
				      origin % 10, origin, origin % 10, origin, origin);
		al_buf_printf(out, "bgp as-path access-list alamo-links-%u permit _%u( %u)+$\n", origin % 10, pair->asn,
			      origin);
	}
}

static void origins_put(const struct vrp_set *set, uint64_t size, struct al_buf *out)
{
	static const struct {
		const char *name;
		enum origin_file_kind kind;
	} families[] = { { "4", ORIGIN_BIRD2_4 }, { "6", ORIGIN_BIRD2_6 } };
	const struct origin_meta meta = { .network = "", .size = size };

	for (size_t i = 0; i < AL_COUNT(families); i++) {
		const char *name = families[i].name;

		al_buf_printf(
			out,
			"roa%s table alamo_kept%s;\nprotocol static alamo_file%s {\n\troa%s { table alamo_kept%s; };\n",
			name, name, name, name, name);
		origin_files[families[i].kind].write(out, set, &meta);
		al_buf_str(out, "}\n");
	}
}

enum al_err render_network(const struct al_state *state, enum node_router router, struct al_buf *out)
{
	struct vrp_set *set = NULL;
	enum al_err err = vrp_build(state, al_state_size(state), &set);

	if (err != AL_OK)
		return err;
	if (router == NODE_FRR) {
		lists_put(set, out);
	} else {
		al_buf_str(out, "# Written by `alamo node` from the verified log: origins for when the RTR cache is "
				"away, and links.\n");
		beside_put(set, out);
		origins_put(set, al_state_size(state), out);
	}
	vrp_set_unref(set);
	return out->err;
}
