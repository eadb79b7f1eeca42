/* links: alamo_whois */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_whois_query.c -- lines of a whois client against a small registry.
 *
 * The input is a conversation: its lines go through the same steps as on a
 * connection. Checked: the framing of '!' answers, the end of RIPE answers,
 * the bounds, and that nothing but printable ASCII and LF is said.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "dialogue.h"

static struct al_state *registry;
static struct whois_index *index_of;

static const char *const objects[] = {
	"registry: TEST\ntld: test\nroot-server: a 192.0.2.1\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"mntner: A-MNT\nmnt-by: A-MNT\nadmin-c: A-TEST\nsource: TEST\n",
	"person: A\nnic-hdl: A-TEST\nmnt-by: A-MNT\nsource: TEST\n",
	"as-block: AS1-AS9\npolicy: open\nmnt-by: A-MNT\nsource: TEST\n",
	"aut-num: AS1\nas-name: ONE\nmnt-by: A-MNT\nmember-of: AS-B\nsource: TEST\n",
	"inetnum: 10.0.0.0/8\nnetname: TEN\nmnt-by: A-MNT\nsource: TEST\n",
	"inetnum: 10.1.0.0/16\nnetname: TEN1\nmnt-by: A-MNT\nsource: TEST\n",
	"inet6num: fd00::/8\nnetname: FD\nmnt-by: A-MNT\nsource: TEST\n",
	"route: 10.1.0.0/16\norigin: AS1\nmnt-by: A-MNT\nmember-of: RS-A\nsource: TEST\n",
	"route: 10.1.0.0/16\norigin: AS2\nmnt-by: A-MNT\nsource: TEST\n",
	"route6: fd00::/16\norigin: AS1\nmnt-by: A-MNT\nsource: TEST\n",
	"as-set: AS-A\nmembers: AS1, AS-B, AS-A, AS-GONE\nmnt-by: A-MNT\nsource: TEST\n",
	"as-set: AS-B\nmbrs-by-ref: ANY\nmnt-by: A-MNT\nsource: TEST\n",
	"route-set: RS-A\nmembers: 10.0.0.0/8^+, AS-A, RS-A\nmbrs-by-ref: A-MNT\nmnt-by: A-MNT\nsource: TEST\n",
	"domain: a.test\nnserver: ns.a.test 10.0.0.1\nmnt-by: A-MNT\nsource: TEST\n",
};

static void must(bool good)
{
	if (!good)
		abort();
}

static void setup(void)
{
	size_t i;

	must(al_state_new(&registry) == AL_OK && whois_index_new(&index_of) == AL_OK);
	al_state_observe(registry, whois_index_change, index_of);
	for (i = 0; i < AL_COUNT(objects); i++) {
		struct al_build build = { .raw = al_slice_str(objects[i]), .index = i, .time = i + 1 };
		struct al_object *object;
		bool deletes;

		must(al_object_build(&build, NULL, &object, &deletes) == AL_OK);
		must(al_state_put(registry, &object, 1, build.time) == AL_OK);
		al_object_unref(object);
	}
}

/* "A<len>\n<data>\nC\n", "C\n", "D\n", "F ...\n" or nothing. */
static void check_command(struct al_slice answer)
{
	struct al_slice line;
	uint64_t len = 0;

	if (answer.len == 0 || al_slice_is(answer, "C\n") || al_slice_is(answer, "D\n"))
		return;
	must(al_slice_line(&answer, &line) && line.len > 0);
	if (line.ptr[0] == 'F') {
		must(answer.len == 0);
		return;
	}
	must(line.ptr[0] == 'A' && al_slice_u64(al_slice_from(line, 1), UINT32_MAX, &len) == AL_OK);
	must(answer.len == len + 2 && len > 0 && answer.ptr[len - 1] == '\n');
	must(al_slice_is(al_slice_from(answer, (size_t)len), "C\n"));
}

static void check(struct al_slice line, const struct al_buf *out)
{
	struct al_slice answer = al_buf_view(out);
	size_t i;

	must(out->err == AL_OK);
	for (i = 0; i < answer.len; i++)
		must(answer.ptr[i] == '\n' || (answer.ptr[i] >= 0x20 && answer.ptr[i] <= 0x7e));
	if (al_slice_starts(al_slice_trim(line), "!"))
		check_command(answer);
	else if (al_slice_starts(answer, "%"))
		must(al_slice_ends(answer, "\n\n\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_slice rest = al_slice_of(data, size), line;
	struct whois_dialogue dialogue = { 0 };
	struct whois_view view;
	struct whois_job job;
	struct al_buf out;

	if (registry == NULL)
		setup();
	view = (struct whois_view){ .state = registry, .index = index_of, .head = { .size = al_state_size(registry) } };
	whois_job_init(&job);
	al_buf_init(&out, WHOIS_ANSWER_MAX);
	while (!dialogue.closing && al_slice_line(&rest, &line)) {
		al_buf_reset(&out);
		whois_dialogue_line(&view, &dialogue, line, &job, &out);
		while (!whois_job_run(&job, &out))
			;
		check(line, &out);
	}
	al_buf_release(&out);
	return 0;
}
