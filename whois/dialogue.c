/* SPDX-License-Identifier: MIT */
/*
 * dialogue.c -- what one line does to a conversation.
 *
 * A connection serves one query and closes, unless "-k" or "!!" came before:
 * then it stays until a lone "-k", "!q", a line that no client of ours would
 * send (control bytes, too long), or silence. Answers come in the order of
 * the lines.
 */
#include "dialogue.h"

#include "answer.h"
#include "irrd.h"
#include "metrics.h"

static bool stays(const struct whois_dialogue *dialogue)
{
	return dialogue->persistent || dialogue->multi;
}

static void answer_ripe(const struct whois_view *view, struct whois_dialogue *dialogue, const struct whois_query *query,
			struct whois_job *job, struct al_buf *out)
{
	static const struct whois_error no_key = { 106, { NULL, 0 } };

	if (query->keep && query->kind != WHOIS_KEEP)
		dialogue->persistent = true;
	if (query->kind == WHOIS_KEEP) {
		dialogue->persistent = !dialogue->persistent;
		dialogue->multi = dialogue->multi && dialogue->persistent;
	} else if (query->kind != WHOIS_NOTHING) {
		whois_answer(view, query, job, out);
	} else if (!stays(dialogue)) {
		whois_answer_error(view, &no_key, out);
	}
	/* A mirror's session is its own: "-k" there means that changes keep coming, and the answer ends it. */
	if (query->kind == WHOIS_NRTM)
		dialogue->persistent = dialogue->multi = false;
	dialogue->closing = !stays(dialogue);
}

void whois_dialogue_line(const struct whois_view *view, struct whois_dialogue *dialogue, struct al_slice line,
			 struct whois_job *job, struct al_buf *out)
{
	struct whois_query query;
	struct whois_error error;
	bool command = al_slice_starts(al_slice_trim(line), "!");

	dialogue->closing = false;
	if (whois_query_parse(line, &query, &error) != AL_OK) {
		al_metric_inc(&whois_metric_errors, 1);
		if (command)
			whois_irrd_error(whois_error_text(error.number), out);
		else
			whois_answer_error(view, &error, out);
		dialogue->closing = error.number == 108 || !stays(dialogue);
		return;
	}
	if (query.kind != WHOIS_IRRD) {
		al_metric_inc(&whois_metric_queries, 1);
		answer_ripe(view, dialogue, &query, job, out);
		return;
	}
	al_metric_inc(&whois_metric_commands, 1);
	whois_irrd(view, dialogue, query.key, job, out);
	dialogue->closing = dialogue->closing || !stays(dialogue);
}

void whois_dialogue_refuse(const struct whois_view *view, struct whois_dialogue *dialogue, unsigned number,
			   struct al_buf *out)
{
	struct whois_error error = { number, { NULL, 0 } };

	if (dialogue->multi)
		whois_irrd_error(whois_error_text(number), out);
	else
		whois_answer_error(view, &error, out);
	dialogue->closing = true;
}
