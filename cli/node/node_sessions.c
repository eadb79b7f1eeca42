/* SPDX-License-Identifier: MIT */
/*
 * node_sessions.c -- see node_sessions.h.
 */
#include "node_sessions.h"

#include "process.h"

enum al_err node_sessions_ask(struct al_buf *out)
{
	static const char *const argv[] = { "birdc", "show", "protocols", NULL };
	int status = 0;
	enum al_err err;

	al_buf_reset(out);
	err = process_run(argv, AL_S(""), true, out, &status);
	return err == AL_OK && status == 0 ? AL_OK : AL_ECLOSED;
}

static bool has_word(struct al_slice line, const char *wanted)
{
	struct al_slice word;

	while (al_slice_word(&line, "", &word))
		if (al_slice_is(word, wanted))
			return true;
	return false;
}

bool node_session_up(struct al_slice protocols, const struct node_peer *peer)
{
	struct al_slice line, name;
	struct al_buf symbol;
	bool up = false;

	al_buf_init(&symbol, 1024);
	render_symbol(peer->name, &symbol);
	while (!up && al_slice_line(&protocols, &line))
		up = al_slice_word(&line, "", &name) && al_slice_eq(name, al_buf_view(&symbol)) &&
		     has_word(line, "Established");
	al_buf_release(&symbol);
	return up;
}
