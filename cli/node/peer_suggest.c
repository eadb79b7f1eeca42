/* SPDX-License-Identifier: MIT */
/*
 * peer_suggest.c -- see peer_suggest.h.
 */
#include "peer_suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "process.h"

struct candidate {
	const struct al_object *node; /* of the state */
	char host[NODE_TEXT_MAX];
	double ms; /* round trip; < 0: no answer */
};

struct suggestion {
	const struct node_member *member;
	const struct al_object *mine;
	struct candidate *list;
	size_t count, most, passed_over;
};

/* In either order of the two. */
static bool is_linked(const struct suggestion *s, struct al_slice other)
{
	const struct al_slice mine = al_object_key(s->mine);
	struct al_buf key;
	bool linked = false;

	al_buf_init(&key, 1024);
	for (int i = 0; i < 2 && !linked; i++) {
		al_buf_reset(&key);
		al_buf_printf(&key, "%.*s:%.*s", AL_FMT(i == 0 ? mine : other), AL_FMT(i == 0 ? other : mine));
		linked = al_state_get(s->member->state, AL_PEERING, al_buf_view(&key)) != NULL;
	}
	al_buf_release(&key);
	return linked;
}

/* Another member's, who takes peers, and that has what a tunnel needs. */
static bool candidate_look(const struct al_object *node, void *arg)
{
	struct suggestion *s = arg;
	struct al_slice policy = al_object_attr(node, "policy"), endpoint = al_object_attr(node, "endpoint"), host;

	if (al_slice_caseeq(al_object_attr(node, "origin"), al_object_attr(s->mine, "origin")) ||
	    al_object_attr(node, "wg-key").len == 0 || !al_slice_word(&endpoint, "", &host) ||
	    al_slice_is(policy, "closed") || al_slice_is(policy, "reserved") || is_linked(s, al_object_key(node)))
		return true;
	if (s->count == s->most)
		s->passed_over++;
	else if (al_slice_copy(host, s->list[s->count].host, NODE_TEXT_MAX) == AL_OK)
		s->list[s->count++].node = node;
	return true;
}

/* The mean of "rtt min/avg/max/mdev = 0.034/0.044/0.054/0.010 ms". */
static double mean_of(struct al_slice said)
{
	static const char mark[] = "min/avg/max/mdev = ";
	const char *at = memmem(said.ptr, said.len, mark, sizeof(mark) - 1);
	char number[32];
	struct al_slice rest, word;

	if (at == NULL)
		return -1;
	rest = al_slice_from(said, (size_t)(at - said.ptr) + sizeof(mark) - 1);
	for (int i = 0; i < 2; i++)
		if (!al_slice_cut(&rest, '/', &word))
			return -1;
	return al_slice_copy(word, number, sizeof(number)) == AL_OK ? strtod(number, NULL) : -1;
}

static double round_trip(const char *host)
{
	const char *const argv[] = { "ping", "-n", "-q", "-c", "3", "-i", "0.2", "-W", "1", "--", host, NULL };
	struct al_buf said;
	double ms = -1;
	int status = 0;

	al_buf_init(&said, 65536);
	if (process_run(argv, AL_S(""), true, &said, &status) == AL_OK && status == 0)
		ms = mean_of(al_buf_view(&said));
	al_buf_release(&said);
	return ms;
}

static int nearer(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->ms > y->ms) - (x->ms < y->ms);
}

static int suggest(struct suggestion *s)
{
	size_t answers = 0;

	al_state_each(s->member->state, AL_NODE, candidate_look, s);
	for (size_t i = 0; i < s->count; i++) {
		s->list[i].ms = round_trip(s->list[i].host);
		answers += s->list[i].ms >= 0;
	}
	qsort(s->list, s->count, sizeof(*s->list), nearer);
	for (size_t i = s->count - answers; i < s->count; i++)
		printf("%8.1f ms  %-24.*s %-14.*s %.*s\n", s->list[i].ms, AL_FMT(al_object_key(s->list[i].node)),
		       AL_FMT(al_object_attr(s->list[i].node, "origin")),
		       AL_FMT(al_object_attr(s->list[i].node, "policy")));
	printf("%zu of %zu nodes answer; %zu were not asked\n", answers, s->count, s->passed_over);
	if (answers > 0)
		printf("Next: alamo peer add %.*s\n", AL_FMT(al_object_key(s->list[s->count - answers].node)));
	return CLI_DONE;
}

int peer_suggest(const struct node_member *member, size_t most)
{
	struct suggestion s = { .member = member, .most = most };
	int code;

	s.mine = al_state_get(member->state, AL_NODE, al_slice_str(member->conf.name));
	if (s.mine == NULL)
		return command_fail(CLI_REFUSED, "%s is not in the log: `alamo node init`", member->conf.name);
	s.list = calloc(most, sizeof(*s.list));
	code = s.list != NULL ? suggest(&s) : command_fail(CLI_REFUSED, "out of memory");
	free(s.list);
	return code;
}
