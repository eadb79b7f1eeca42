/* links: alamo_whois */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_whois_query.c -- lines of a whois client against a small registry.
 *
 * The input is a conversation: its lines go through the same steps as on a
 * connection. Checked: the framing of '!' answers, the end of RIPE answers,
 * the bounds, and that nothing but printable ASCII and LF is said.
 */
#include "answer.h"
#include "dialogue.h"
#include "small_registry.h"

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
	struct whois_view view = small_registry_view();
	struct whois_job job;
	struct al_buf out;

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
