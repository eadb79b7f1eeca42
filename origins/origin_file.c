/* SPDX-License-Identifier: MIT */
/*
 * origin_file.c -- the kinds of file as a table; each is a head, rows and a tail.
 *
 * Pure. Everything written is digits, prefixes and the log's name, whose bytes are checked.
 */
#include "origin_file.h"

#include <inttypes.h>
#include <stdio.h>

/* The bytes of a JSON string, a CSV field or a comment that need no care; others become '?'. */
static void put_plain(struct al_buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		bool plain = *text >= ' ' && *text <= '~' && *text != '"' && *text != '\\' && *text != ',';

		al_buf_u8(out, plain ? (uint8_t)*text : '?');
	}
}

/* The words of one row around its three values, in the order prefix, max-length, AS number. */
struct row_words {
	const char *prefix, *max, *asn, *end;
};

/* So many from the walk's place on. */
static void put_rows(struct al_buf *out, struct vrp_walk *walk, size_t count, const struct row_words *words,
		     const char *between)
{
	const struct vrp *vrp;

	for (size_t i = 0; i < count && (vrp = vrp_walk_next(walk)) != NULL; i++) {
		if (i != 0)
			al_buf_str(out, between);
		al_buf_str(out, words->prefix);
		vrp_put_prefix(out, vrp);
		al_buf_str(out, words->max);
		vrp_put_number(out, vrp->max);
		al_buf_str(out, words->asn);
		vrp_put_number(out, vrp->asn);
		al_buf_str(out, words->end);
	}
}

static void put_all_rows(struct al_buf *out, const struct vrp_set *set, const struct row_words *words,
			 const char *between)
{
	struct vrp_walk walk;

	vrp_walk_start(&walk, set);
	put_rows(out, &walk, set->vrps, words, between);
}

/* The next pair, and whether its customer begins and ends with it. */
struct pair {
	const struct vrp *vrp;
	bool first, last;
};

static bool pair_next(struct vrp_walk *walk, struct pair *pair)
{
	const struct vrp *before = pair->vrp, *next;

	pair->vrp = vrp_walk_next(walk);
	if (pair->vrp == NULL)
		return false;
	next = vrp_walk_peek(walk);
	pair->first = before == NULL || vrp_customer(before) != vrp_customer(pair->vrp);
	pair->last = next == NULL || vrp_customer(next) != vrp_customer(pair->vrp);
	return true;
}

/* ---- JSON and CSV ---- */

static void put_json_meta(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	char built[AL_TIME_STRLEN];

	al_time_format(meta->generated, built);
	al_buf_printf(out, "{\n\"metadata\": {\"counts\": %zu, \"counts4\": %zu, \"counts6\": %zu, \"aspas\": %zu, ",
		      set->vrps, set->count4, set->vrps - set->count4, set->customers);
	al_buf_printf(out, "\"generated\": %" PRIu64 ", \"valid\": %" PRIu64 ", \"buildtime\": \"%s\", ",
		      meta->generated, meta->expires, built);
	al_buf_printf(out, "\"serial\": %" PRIu32 ", \"logSize\": %" PRIu64 ", \"network\": \"", set->serial,
		      meta->size);
	put_plain(out, meta->network);
	al_buf_str(out, "\"},\n\"roas\": [");
}

/* The ASPAs, each with these words before the customer and before the list of its providers. */
static void put_lists(struct al_buf *out, const struct vrp_set *set, const char *customer, const char *list)
{
	struct pair pair = { .vrp = NULL };
	const char *comma = "";
	struct vrp_walk walk;

	vrp_walk_family(&walk, set, VRP_ASPA);
	for (; pair_next(&walk, &pair); comma = ",") {
		if (pair.first) {
			al_buf_str(out, comma);
			al_buf_str(out, customer);
			vrp_put_number(out, vrp_customer(pair.vrp));
			al_buf_str(out, list);
		} else {
			al_buf_str(out, ", ");
		}
		vrp_put_number(out, pair.vrp->asn);
		if (pair.last)
			al_buf_str(out, "]}");
	}
}

static void put_json(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	struct row_words words = {
		.prefix = "\n{\"prefix\": \"", .max = "\", \"maxLength\": ", .asn = ", \"asn\": \"AS"
	};
	char list[64];
	struct al_buf end;

	/* What ends every row: IRRd refuses the file without "ta", and StayRTR drops a row once it has expired. */
	al_buf_init(&end, 1024);
	al_buf_str(&end, "\", \"ta\": \"");
	put_plain(&end, meta->network);
	al_buf_printf(&end, "\", \"expires\": %" PRIu64 "}%c", meta->expires, '\0');
	words.end = (const char *)end.ptr;
	put_json_meta(out, set, meta);
	if (end.err == AL_OK)
		put_all_rows(out, set, &words, ",");
	else
		out->err = end.err;
	al_buf_str(out, "\n],\n\"aspas\": [");
	(void)snprintf(list, sizeof(list), ", \"expires\": %" PRIu64 ", \"providers\": [", meta->expires);
	put_lists(out, set, "\n{\"customer_asid\": ", list);
	al_buf_str(out, "\n]\n}\n");
	al_buf_release(&end);
}

/* The AS number comes first here. */
static void put_csv(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	struct vrp_walk walk;

	al_buf_str(out, "ASN,IP Prefix,Max Length,Trust Anchor,Expires\n");
	vrp_walk_start(&walk, set);
	for (size_t i = 0; i < set->vrps; i++) {
		const struct vrp *vrp = vrp_walk_next(&walk);

		al_buf_str(out, "AS");
		vrp_put_number(out, vrp->asn);
		al_buf_u8(out, ',');
		vrp_put_prefix(out, vrp);
		al_buf_u8(out, ',');
		vrp_put_number(out, vrp->max);
		al_buf_u8(out, ',');
		put_plain(out, meta->network);
		al_buf_u8(out, ',');
		vrp_put_number(out, meta->expires);
		al_buf_u8(out, '\n');
	}
}

static void put_slurm_roas(struct al_buf *out, const struct vrp_set *set, unsigned version, const char *filters)
{
	static const struct row_words words = { "\n{\"prefix\": \"", "\", \"maxPrefixLength\": ", ", \"asn\": ", "}" };

	al_buf_printf(out,
		      "{\n\"slurmVersion\": %u,\n"
		      "\"validationOutputFilters\": {\"prefixFilters\": [], \"bgpsecFilters\": []%s},\n"
		      "\"locallyAddedAssertions\": {\"bgpsecAssertions\": [], \"prefixAssertions\": [",
		      version, filters);
	put_all_rows(out, set, &words, ",");
}

static void put_slurm(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	(void)meta;
	put_slurm_roas(out, set, 1, "");
	al_buf_str(out, "\n]}\n}\n");
}

static void put_slurm2(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	(void)meta;
	put_slurm_roas(out, set, 2, ", \"aspaFilters\": []");
	al_buf_str(out, "\n],\n\"aspaAssertions\": [");
	put_lists(out, set, "\n{\"customerAsn\": ", ", \"providerAsns\": [");
	al_buf_str(out, "\n]}\n}\n");
}

/* ---- configurations: no time in them, so the file is the same as long as the set is ---- */

static void put_comment(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta, size_t count)
{
	al_buf_str(out, "# route origins of ");
	put_plain(out, meta->network);
	al_buf_printf(out, ", log size %" PRIu64 ", serial %" PRIu32 ", %zu records\n", set->size, set->serial, count);
}

static const struct row_words bird2_words = { "route ", " max ", " as ", ";\n" };
static const struct row_words bird1_words = { "roa ", " max ", " as ", ";\n" };

static void put_family(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta, unsigned family,
		       const struct row_words *words)
{
	size_t count = family == 4 ? set->count4 : set->vrps - set->count4;
	struct vrp_walk walk;

	vrp_walk_family(&walk, set, family == 4 ? 32 : 128);
	put_comment(out, set, meta, count);
	put_rows(out, &walk, count, words, "");
}

static void put_bird2_4(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	put_family(out, set, meta, 4, &bird2_words);
}

static void put_bird2_6(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	put_family(out, set, meta, 6, &bird2_words);
}

static void put_bird1_4(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	put_family(out, set, meta, 4, &bird1_words);
}

static void put_bird1_6(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	put_family(out, set, meta, 6, &bird1_words);
}

/* A channel of bird 2 has one family, so two protocols; what is beside them in one file has to be whole statements. */
static void put_bird2(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		al_buf_printf(out,
			      "roa%u table roas_v%u;\nprotocol static roas_v%u_set {\nroa%u { table roas_v%u; };\n",
			      family, family, family, family, family);
		put_family(out, set, meta, family, &bird2_words);
		al_buf_str(out, "}\n");
	}
}

/*
 * bird goes through a path from the neighbour to the origin. What stands before an AS is whom it gave the route to;
 * repeating oneself is allowed.
 */
static const char path_rules[] = "function roas_path_ok(bgppath way)\n{\n\tint above = 0;\n"
				 "\tfor int one in way do {\n"
				 "\t\tif above != 0 && above != one && !roas_step_ok(one, above) then return false;\n"
				 "\t\tabove = one;\n\t}\n\treturn true;\n}\n";

static void put_bird2_paths(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	struct pair pair = { .vrp = NULL };
	struct vrp_walk walk;

	vrp_walk_family(&walk, set, VRP_ASPA);
	put_comment(out, set, meta, set->customers);
	al_buf_str(out, "function roas_step_ok(int customer; int above)\n{\n\tcase customer {\n");
	while (pair_next(&walk, &pair)) {
		if (pair.first) {
			al_buf_str(out, "\t\t");
			vrp_put_number(out, vrp_customer(pair.vrp));
			al_buf_str(out, ": return above ~ [ ");
		} else {
			al_buf_str(out, ", ");
		}
		vrp_put_number(out, pair.vrp->asn);
		if (pair.last)
			al_buf_str(out, " ];\n");
	}
	al_buf_str(out, "\t\telse: return true;\n\t}\n}\n");
	al_buf_str(out, path_rules);
}

static void put_openbgpd(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	static const struct row_words words = { "\t", " maxlen ", " source-as ", "\n" };

	put_comment(out, set, meta, set->vrps);
	al_buf_str(out, "roa-set {\n");
	put_all_rows(out, set, &words, "");
	al_buf_str(out, "}\n");
}

/* ---- RPSL ---- */

/* "registry.alamo/log" is of the source ALAMO. */
static void put_source(struct al_buf *out, const char *network)
{
	struct al_slice rest = al_slice_str(network), name;

	(void)al_slice_cut(&rest, '.', &name);
	if (!al_slice_cut(&rest, '/', &name) || name.len == 0)
		name = AL_S("ORIGINS");
	for (size_t i = 0; i < name.len; i++) {
		char ch = name.ptr[i];
		bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');

		al_buf_u8(out, letter ? (uint8_t)(ch & ~0x20) : ch >= '0' && ch <= '9' ? (uint8_t)ch : '-');
	}
}

static void put_rpsl(struct al_buf *out, const struct vrp_set *set, const struct origin_meta *meta)
{
	struct vrp_walk walk;

	put_comment(out, set, meta, set->vrps);
	vrp_walk_start(&walk, set);
	for (size_t i = 0; i < set->vrps; i++) {
		const struct vrp *vrp = vrp_walk_next(&walk);

		if (vrp->asn == 0)
			continue;
		al_buf_str(out, i < set->count4 ? "\nroute:          " : "\nroute6:         ");
		vrp_put_prefix(out, vrp);
		al_buf_str(out, "\norigin:         AS");
		vrp_put_number(out, vrp->asn);
		al_buf_str(out, "\nmax-length:     ");
		vrp_put_number(out, vrp->max);
		al_buf_str(out, "\nsource:         ");
		put_source(out, meta->network);
		al_buf_u8(out, '\n');
	}
}

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"

const struct origin_file_def origin_files[ORIGIN_FILE_COUNT] = {
	[ORIGIN_JSON] = { "roas.json", JSON, true, put_json },
	[ORIGIN_CSV] = { "roas.csv", "text/csv; charset=utf-8", true, put_csv },
	[ORIGIN_BIRD2] = { "roas-bird2.conf", TEXT, false, put_bird2 },
	[ORIGIN_BIRD2_4] = { "roas-bird2-4.conf", TEXT, false, put_bird2_4 },
	[ORIGIN_BIRD2_6] = { "roas-bird2-6.conf", TEXT, false, put_bird2_6 },
	[ORIGIN_BIRD2_PATHS] = { "roas-bird2-paths.conf", TEXT, false, put_bird2_paths },
	[ORIGIN_BIRD1_4] = { "roas-bird1-4.conf", TEXT, false, put_bird1_4 },
	[ORIGIN_BIRD1_6] = { "roas-bird1-6.conf", TEXT, false, put_bird1_6 },
	[ORIGIN_OPENBGPD] = { "roas-openbgpd.conf", TEXT, false, put_openbgpd },
	[ORIGIN_SLURM] = { "roas-slurm.json", JSON, false, put_slurm },
	[ORIGIN_SLURM2] = { "roas-slurm2.json", JSON, false, put_slurm2 },
	[ORIGIN_RPSL] = { "roas-rpsl.txt", TEXT, false, put_rpsl },
};
