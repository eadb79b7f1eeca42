/* SPDX-License-Identifier: MIT */
/* graph_make.c -- the generators, and graphs from files. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"

#define LINE_MAX_LEN 1024

static enum al_err make_ba(uint32_t nodes, uint32_t m, uint64_t seed, struct sim_edges *edges)
{
	struct sim_rng rng = sim_rng_of(seed, 1);
	enum al_err err = AL_OK;

	/* m + 1 nodes that all know each other; then an end drawn from the list is a node drawn by its links. */
	for (uint32_t a = 0; a <= m && err == AL_OK; a++)
		for (uint32_t b = 0; b < a && err == AL_OK; b++)
			err = sim_edge(edges, a, b);
	for (uint32_t n = m + 1; n < nodes && err == AL_OK; n++) {
		uint32_t before = edges->count, ends = 2 * before;

		while (edges->count - before < m && err == AL_OK) {
			uint32_t end = sim_random(&rng, ends), to = edges->at[end / 2][end % 2];
			bool twice = false;

			for (uint32_t i = before; i < edges->count; i++)
				twice = twice || edges->at[i][0] == to;
			if (!twice)
				err = sim_edge(edges, to, n);
		}
	}
	return err;
}

#define SIDE (1u << 20) /* of the square, in steps */

struct place {
	uint32_t x, y;
};

static uint64_t apart(struct place a, struct place b)
{
	uint64_t x = a.x > b.x ? a.x - b.x : b.x - a.x, y = a.y > b.y ? a.y - b.y : b.y - a.y;

	return x * x + y * y;
}

/* Cells as wide as a link is long at most: neighbours are in the nine around. `head` and `next` chain those of a cell. */
static enum al_err link_near(const struct place *places, uint32_t nodes, uint64_t reach2, uint32_t cells,
			     uint32_t *head, uint32_t *next, struct sim_edges *edges)
{
	enum al_err err = AL_OK;

	memset(head, 0xff, (size_t)cells * cells * sizeof(*head));
	for (uint32_t n = 0; n < nodes && err == AL_OK; n++) {
		uint32_t cx = (uint32_t)((uint64_t)places[n].x * cells / SIDE),
			 cy = (uint32_t)((uint64_t)places[n].y * cells / SIDE);

		for (uint32_t x = cx > 0 ? cx - 1 : 0; x <= cx + 1 && x < cells; x++)
			for (uint32_t y = cy > 0 ? cy - 1 : 0; y <= cy + 1 && y < cells; y++)
				for (uint32_t o = head[x * cells + y]; o != UINT32_MAX && err == AL_OK; o = next[o])
					if (apart(places[n], places[o]) <= reach2)
						err = sim_edge(edges, o, n);
		next[n] = head[cx * cells + cy];
		head[cx * cells + cy] = n;
	}
	return err;
}

static uint32_t root_of(uint64_t n)
{
	uint64_t low = 0, high = UINT32_MAX;

	while (low < high) {
		uint64_t middle = (low + high + 1) / 2;

		if (middle * middle <= n)
			low = middle;
		else
			high = middle - 1;
	}
	return (uint32_t)low;
}

static enum al_err make_rgg(uint32_t nodes, uint32_t degree, uint64_t seed, struct sim_edges *edges)
{
	struct sim_rng rng = sim_rng_of(seed, 2);
	/* degree = nodes * pi * reach^2 / side^2 */
	uint64_t reach2 = (uint64_t)SIDE * SIDE / nodes * degree * 113 / 355;
	uint32_t reach = root_of(reach2) + 1, cells = SIDE / reach > 0 ? SIDE / reach : 1;
	struct place *places = calloc(nodes, sizeof(*places));
	uint32_t *next = malloc(nodes * sizeof(*next)), *head = malloc((size_t)cells * cells * sizeof(*head));
	enum al_err err = AL_ENOMEM;

	if (places != NULL && next != NULL && head != NULL) {
		for (uint32_t n = 0; n < nodes; n++) {
			places[n].x = sim_random(&rng, SIDE);
			places[n].y = sim_random(&rng, SIDE);
		}
		err = link_near(places, nodes, reach2, cells, head, next, edges);
	}
	free(places);
	free(next);
	free(head);
	return err;
}

static enum al_err make_grid(uint32_t width, uint32_t height, struct sim_edges *edges)
{
	enum al_err err = AL_OK;

	for (uint32_t y = 0; y < height; y++)
		for (uint32_t x = 0; x < width && err == AL_OK; x++) {
			if (x + 1 < width)
				err = sim_edge(edges, y * width + x, y * width + x + 1);
			if (err == AL_OK && y + 1 < height)
				err = sim_edge(edges, y * width + x, (y + 1) * width + x);
		}
	return err;
}

/* ---- files ---- */

/* Names to numbers, in order of appearance: open addressing, grown by half full. */
struct names {
	char **at;
	uint32_t *slot;
	uint32_t count, slots; /* slots: a power of two */
};

static uint32_t hash_of(struct al_slice name)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t)name.ptr[i]) * 16777619u;
	return hash;
}

static void put_slot(struct names *names, uint32_t number)
{
	uint32_t at = hash_of(al_slice_str(names->at[number])) & (names->slots - 1);

	while (names->slot[at] != UINT32_MAX)
		at = (at + 1) & (names->slots - 1);
	names->slot[at] = number;
}

static bool grow(struct names *names)
{
	uint32_t slots = names->slots == 0 ? 1024 : names->slots * 2;
	uint32_t *slot = malloc(slots * sizeof(*slot));
	char **at = realloc(names->at, slots / 2 * sizeof(*at));

	if (at != NULL)
		names->at = at;
	if (slot == NULL || at == NULL) {
		free(slot);
		return false;
	}
	free(names->slot);
	names->slot = slot;
	names->slots = slots;
	memset(slot, 0xff, slots * sizeof(*slot));
	for (uint32_t i = 0; i < names->count; i++)
		put_slot(names, i);
	return true;
}

static enum al_err number_of(struct names *names, struct al_slice name, uint32_t *out)
{
	uint32_t at;

	if (names->count == names->slots / 2 && !grow(names))
		return AL_ENOMEM;
	at = hash_of(name) & (names->slots - 1);
	while (names->slot[at] != UINT32_MAX && !al_slice_is(name, names->at[names->slot[at]]))
		at = (at + 1) & (names->slots - 1);
	if (names->slot[at] == UINT32_MAX) {
		if (names->count == SIM_NODES_MAX)
			return AL_ELIMIT;
		names->at[names->count] = al_slice_dup(name);
		if (names->at[names->count] == NULL)
			return AL_ENOMEM;
		names->slot[at] = names->count++;
	}
	*out = names->slot[at];
	return AL_OK;
}

static enum al_err take_line(struct names *names, struct al_slice line, struct sim_edges *edges)
{
	struct al_slice a, b, more;
	uint32_t x, y;
	enum al_err err;

	if (!al_slice_word(&line, "\r\n", &a) || a.ptr[0] == '#')
		return AL_OK;
	if (!al_slice_word(&line, "\r\n", &b) || (al_slice_word(&line, "\r\n", &more) && more.ptr[0] != '#'))
		return AL_EINVAL;
	err = number_of(names, a, &x);
	if (err == AL_OK)
		err = number_of(names, b, &y);
	return err == AL_OK ? sim_edge(edges, x, y) : err;
}

static enum al_err make_file(const char *path, struct sim_edges *edges, uint32_t *nodes)
{
	struct names names = { 0 };
	char line[LINE_MAX_LEN];
	FILE *file = fopen(path, "r");
	unsigned number = 0;
	enum al_err err = AL_OK;

	if (file == NULL) {
		(void)fprintf(stderr, "alamo-meshsim: %s can't be read\n", path);
		return AL_ENOTFOUND;
	}
	while (err == AL_OK && fgets(line, sizeof(line), file) != NULL) {
		number++;
		err = strlen(line) + 1 < sizeof(line) ? take_line(&names, al_slice_str(line), edges) : AL_EINVAL;
	}
	if (err == AL_EINVAL)
		(void)fprintf(stderr, "alamo-meshsim: %s:%u: a line has the names of a link's two ends\n", path,
			      number);
	(void)fclose(file);
	for (uint32_t i = 0; i < names.count; i++)
		free(names.at[i]);
	free(names.at);
	free(names.slot);
	*nodes = names.count;
	return err;
}

/* ---- descriptions ---- */

/* "1000:3" or "32x32": two numbers. */
static bool two_numbers(const char *text, char between, uint64_t max, uint32_t *a, uint32_t *b)
{
	struct al_slice rest = al_slice_str(text), head;
	uint64_t x, y;

	if (!al_slice_cut(&rest, between, &head) || al_slice_u64(head, max, &x) != AL_OK ||
	    al_slice_u64(rest, max, &y) != AL_OK)
		return false;
	*a = (uint32_t)x;
	*b = (uint32_t)y;
	return x > 0 && y > 0;
}

enum al_err sim_spec_half(const char *spec, char *out)
{
	uint32_t a, b;
	int len;

	if ((strncmp(spec, "ba:", 3) == 0 || strncmp(spec, "rgg:", 4) == 0) &&
	    two_numbers(strchr(spec, ':') + 1, ':', SIM_NODES_MAX, &a, &b))
		len = snprintf(out, SIM_SPEC_MAX, "%.*s:%u:%u", (int)(strchr(spec, ':') - spec), spec, (a + 1) / 2, b);
	else if (strncmp(spec, "grid:", 5) == 0 && two_numbers(spec + 5, 'x', 1000, &a, &b))
		len = snprintf(out, SIM_SPEC_MAX, "grid:%ux%u", a, (b + 1) / 2);
	else
		len = snprintf(out, SIM_SPEC_MAX, "%s", spec);
	return len > 0 && len < SIM_SPEC_MAX ? AL_OK : AL_ELIMIT;
}

enum al_err sim_edges_make(const char *spec, uint64_t seed, struct sim_edges *edges, uint32_t *nodes)
{
	uint32_t a, b;
	enum al_err err = AL_EINVAL;

	if (strncmp(spec, "ba:", 3) == 0 && two_numbers(spec + 3, ':', SIM_NODES_MAX, &a, &b) && b < a && b <= 64) {
		*nodes = a;
		return make_ba(a, b, seed, edges);
	}
	if (strncmp(spec, "rgg:", 4) == 0 && two_numbers(spec + 4, ':', SIM_NODES_MAX, &a, &b) && b <= 64) {
		*nodes = a;
		err = make_rgg(a, b, seed, edges);
	} else if (strncmp(spec, "grid:", 5) == 0 && two_numbers(spec + 5, 'x', 1000, &a, &b)) {
		*nodes = a * b;
		err = make_grid(a, b, edges);
	} else if (strncmp(spec, "file:", 5) == 0) {
		err = make_file(spec + 5, edges, nodes);
	} else {
		(void)fprintf(stderr, "alamo-meshsim: \"%s\": a graph is ba:N:M, rgg:N:DEGREE, grid:WxH or file:PATH\n",
			      spec);
	}
	return err == AL_OK ? sim_edges_largest(edges, nodes) : err;
}
