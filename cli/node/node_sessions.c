/* SPDX-License-Identifier: MIT */
/*
 * node_sessions.c -- see node_sessions.h.
 */
#include "node_sessions.h"

#include <stdio.h>
#include <string.h>

#include "alamo/net/loop.h"
#include "process.h"

#define LOOK_MS 4000
#define LOOK_ALL_MS 300000

const struct node_router_words node_router_mends[NODE_ROUTERS] = {
	[NODE_BIRD] = { .start = "systemctl start bird",
			.origins = "birdc restart alamo_authority",
			.without = "those of alamo-network.conf are used",
			.session = "birdc show protocols all; the other end: alamo node apply" },
	[NODE_FRR] = { .start = "systemctl start frr",
		       .origins = "vtysh -c 'show rpki cache-connection'",
		       .without = "nothing of anybody is taken until it does",
		       .session = "vtysh -c 'show bgp neighbors'; the other end: alamo node apply" },
};

static enum al_err ask(const char *const argv[], struct al_buf *out)
{
	int status = 0;
	enum al_err err;

	al_buf_reset(out);
	err = process_run(argv, AL_S(""), true, out, &status);
	return err == AL_OK && status == 0 ? AL_OK : AL_ECLOSED;
}

enum al_err node_sessions_ask(enum node_router router, struct al_buf *out)
{
	static const char *const bird[] = { "birdc", "show", "protocols", NULL };
	/* Only of bgpd: others answer that it is not there, and all is well. */
	static const char *const frr[] = { "vtysh", "-d", "bgpd", "-c", "show bgp ipv6 unicast summary established",
					   NULL };

	return ask(router == NODE_FRR ? frr : bird, out);
}

enum al_err node_origins_ask(enum node_router router, struct al_buf *out, bool *there)
{
	static const char *const bird[] = { "birdc", "show", "route", "table", "alamo_origins", NULL };
	static const char *const frr[] = { "vtysh", "-d", "bgpd", "-c", "show rpki prefix-table", NULL };
	/* "[alamo_authority 12:00:00]" behind each; "48 -  48" in each. */
	const char *mark = router == NODE_FRR ? " - " : "[alamo_authority";
	enum al_err err = ask(router == NODE_FRR ? frr : bird, out);

	*there = err == AL_OK && memmem(out->ptr, out->len, mark, strlen(mark)) != NULL;
	return err;
}

void node_look_again(enum node_router router, struct al_buf *out)
{
	static const char *const clear[] = { "vtysh", "-d", "bgpd", "-c", "clear bgp ipv6 unicast * soft in", NULL };

	if (router == NODE_FRR)
		(void)ask(clear, out);
}

void node_origins_follow(enum node_router router, struct al_buf *out, bool due, struct node_origins_seen *seen)
{
	static const char *const cache[] = { "vtysh", "-d", "bgpd", "-c", "show rpki cache-connection", NULL };
	uint64_t now = al_now_ms();
	struct al_slice said;

	if (router != NODE_FRR || now - seen->asked_ms < LOOK_MS)
		return;
	seen->asked_ms = now;
	said = ask(cache, out) == AL_OK ? al_slice_head(al_buf_view(out), sizeof(seen->cache) - 1) : AL_S("");
	if (al_slice_is(said, seen->cache) && !due && now - seen->looked_ms < LOOK_ALL_MS)
		return;
	snprintf(seen->cache, sizeof(seen->cache), "%.*s", AL_FMT(said));
	seen->looked_ms = now;
	node_look_again(router, out);
}

static bool has_word(struct al_slice line, const char *wanted)
{
	struct al_slice word;

	while (al_slice_word(&line, "", &word))
		if (al_slice_is(word, wanted))
			return true;
	return false;
}

bool node_session_up(enum node_router router, struct al_slice said, const struct node_peer *peer)
{
	char remote[RENDER_LINK_LOCAL_MAX];
	struct al_slice line, name;
	struct al_buf symbol;
	bool up = false;

	al_buf_init(&symbol, 1024);
	render_link_local(peer, false, remote);
	if (router == NODE_FRR)
		al_buf_str(&symbol, remote);
	else
		render_symbol(peer->name, &symbol);
	while (!up && al_slice_line(&said, &line))
		up = al_slice_word(&line, "", &name) && al_slice_eq(name, al_buf_view(&symbol)) &&
		     (router == NODE_FRR || has_word(line, "Established"));
	al_buf_release(&symbol);
	return up;
}
