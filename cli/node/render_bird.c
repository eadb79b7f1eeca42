/* SPDX-License-Identifier: MIT */
/*
 * render_bird.c -- /etc/bird/alamo.conf for BIRD 2.
 *
 * What is not obvious, each found by trying:
 *   - `import table on`: BIRD looks at routes again when the origin table changes only if it kept them;
 *   - `direct` for iBGP between link-local addresses, which is multihop by default;
 *   - one kernel protocol a table of bird's, and one a table of the kernel's: beside somebody's own bird.conf, which has
 *     one already, ours has tables of its own, and a rule (render.c) sends the network's packets there;
 *   - import limit counts what the filter took, receive limit all that `import table` keeps;
 *   - krt_prefsrc, else a host with several addresses answers from the wrong one.
 */
#include <string.h>

#include "render.h"
#include "render_mesh.h"
#include "routing.h"

static void announced_put(const struct node_view *view, struct al_buf *out)
{
	struct routing_range ranges[ROUTING_RANGES_MAX];
	size_t count = routing_announced(view, ranges);
	char prefix[AL_PREFIX_STRLEN];

	al_buf_str(out, "define ALAMO_ANNOUNCED = [");
	for (size_t i = 0; i < count; i++) {
		al_prefix_format(&ranges[i].prefix, prefix);
		al_buf_printf(out, "%s %s{%u,%u}", i > 0 ? "," : "", prefix, ranges[i].least, ranges[i].most);
	}
	al_buf_str(out, " ];\n");
}

static void defines_put(const struct node_view *view, struct al_buf *out)
{
	char super[AL_PREFIX_STRLEN], prefix[AL_PREFIX_STRLEN];
	const char *before = "";

	al_prefix_format(&view->super, super);
	al_buf_printf(out,
		      "# Written by `alamo node`: changes here are lost. Your own go to alamo-local.conf.\n"
		      "include \"alamo-network.conf\";\n"
		      "define ALAMO_AS = %u;\ndefine ALAMO_ME = %s;\ndefine ALAMO_NET = [ %s+ ];\n",
		      view->asn, view->address, super);
	announced_put(view, out);
	al_buf_str(out, "define ALAMO_OWN = [ ");
	for (size_t i = 0; i < view->prefix_count; i++) {
		if (!routing_is_own(view, i))
			continue;
		al_prefix_format(&view->prefixes[i], prefix);
		al_buf_printf(out, "%s%s+", before, prefix);
		before = ", ";
	}
	al_buf_printf(out, "%s ];\n\n", before[0] != '\0' ? "" : "::/128");
}

static void router_put(const struct node_view *view, struct al_buf *out)
{
	char id[16];

	routing_id(view, id);
	al_buf_printf(out,
		      "log syslog all;\nrouter id %s;\nprotocol device { scan time 10; }\n"
		      "include \"alamo.conf\";\n",
		      id);
}

/* What stands in each of our channels. */
const char *render_channel(const struct render_settings *settings)
{
	return settings->whole ? "" : "table alamo6; ";
}

static void tables_put(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	const char *table = render_channel(settings);
	char prefix[AL_PREFIX_STRLEN];

	if (!settings->whole)
		al_buf_str(out, "ipv6 table alamo6;\n");

	al_buf_printf(out,
		      "roa6 table alamo_origins { min settle time 100 ms; max settle time 1 s; };\n"
		      "protocol rpki alamo_authority {\n\troa6 { table alamo_origins; };\n"
		      "\tremote \"%s\" port %s;\n\tretry keep %d;\n\trefresh keep %d;\n\texpire keep %d;\n}\n\n",
		      settings->rtr_host, settings->rtr_port, ROUTING_ORIGINS_RETRY_S, ROUTING_ORIGINS_REFRESH_S,
		      ROUTING_ORIGINS_EXPIRE_S);
	al_buf_printf(out, "protocol static alamo_own {\n\tipv6 { %s};\n", table);
	for (size_t i = 0; i < view->prefix_count; i++) {
		if (!node_prefix_announced(view, i))
			continue;
		al_prefix_format(&view->prefixes[i], prefix);
		al_buf_printf(out, "\troute %s unreachable;\n", prefix);
	}
	al_buf_printf(
		out,
		"}\nprotocol direct alamo_local {\n\tipv6 { %simport where net ~ ALAMO_OWN; };\n"
		"\tinterface \"lo\", \"lan*\", \"br*\", \"eth*\", \"dummy*\";\n}\nprotocol kernel alamo_kernel {\n",
		table);
	if (!settings->whole)
		al_buf_printf(out, "\tkernel table %d;\n", RENDER_KERNEL_TABLE);
	al_buf_printf(out, "\tipv6 {\n\t\t%simport none;\n", table);
	al_buf_str(out, "\t\texport filter {\n"
			"\t\t\tif source = RTS_DEVICE || !(net ~ ALAMO_NET) then reject;\n"
			"\t\t\tkrt_prefsrc = ALAMO_ME;\n\t\t\taccept;\n\t\t};\n\t};\n}\n");
	al_buf_printf(out,
		      "protocol bfd alamo_bfd {\n\tinterface \"al-*\" { interval %d ms; multiplier %d; idle tx "
		      "interval 1 s; };\n}\n\n",
		      ROUTING_BFD_MS, ROUTING_BFD_MISSES);
}

/*
 * Origins: the cache's, as long as it has any. That it does is seen by our own route, which both have; RFC 8210 lets a
 * router keep what it has for two days at most, and a router that starts while the cache is away has nothing.
 */
static void origins_put(const struct node_view *view, struct al_buf *out)
{
	char prefix[AL_PREFIX_STRLEN];

	al_buf_str(out, "function alamo_valid()\n{\n");
	if (view->prefix_count > 0) {
		al_prefix_format(&view->prefixes[0], prefix);
		al_buf_printf(out,
			      "\tif roa_check(alamo_origins, %s, ALAMO_AS) != ROA_VALID then\n"
			      "\t\treturn roa_check(alamo_kept6, net, bgp_path.last) = ROA_VALID;\n",
			      prefix);
	}
	al_buf_str(out, "\treturn roa_check(alamo_origins, net, bgp_path.last) = ROA_VALID;\n}\n");
}

static void rules_put(const struct node_view *view, struct al_buf *out)
{
	origins_put(view, out);
	/* An origin's neighbour is the last of the path when the origin, however often it is there, is taken out. */
	al_buf_printf(out,
		      "function alamo_beside()\nint origin;\nint neighbour;\n{\n\torigin = bgp_path.last;\n"
		      "\tneighbour = delete(bgp_path, origin).last;\n"
		      "\tif neighbour = 0 || !(origin ~ ALAMO_LISTED) then return true;\n"
		      "\treturn (0, origin, neighbour) ~ ALAMO_LINKS;\n}\n"
		      "function alamo_in(int neighbour)\n{\n"
		      "\tif !(net ~ ALAMO_ANNOUNCED) || net ~ ALAMO_OWN then return false;\n"
		      "\tif bgp_path.first != neighbour || bgp_path.len > %d then return false;\n"
		      "\treturn alamo_valid() && alamo_beside();\n}\n"
		      "function alamo_out()\n{\n"
		      "\treturn net ~ ALAMO_ANNOUNCED && (source = RTS_STATIC || source = RTS_BGP);\n}\n\n"
		      "template bgp alamo_link {\n\tlocal as ALAMO_AS;\n\tbfd on;\n\tgraceful restart aware;\n"
		      "\thold time %d;\n\tkeepalive time %d;\n\tconnect delay time 1;\n\tconnect retry time %d;\n"
		      "\terror wait time 1, 15;\n}\n\n",
		      ROUTING_PATH_MAX, ROUTING_HOLD_S, ROUTING_KEEPALIVE_S, ROUTING_RETRY_S);
}

void render_symbol(const char *name, struct al_buf *out)
{
	al_buf_str(out, "alamo_");
	for (; *name != '\0'; name++) {
		bool letter = (*name >= 'A' && *name <= 'Z') || (*name >= 'a' && *name <= 'z') ||
			      (*name >= '0' && *name <= '9');

		al_buf_u8(out, (uint8_t)(letter ? *name : '_'));
	}
}

/* The rest of a filter that has let the route through. */
static void marks_put(const struct node_peer *peer, struct al_buf *out)
{
	for (size_t kind = 0; kind < ROUTING_KINDS; kind++) {
		unsigned value = routing_mark(peer, kind), first, last;

		if (value == 0)
			continue;
		al_buf_str(out, "\t\t");
		if (routing_worse(kind, value, &first, &last))
			al_buf_printf(out, "if !(bgp_community ~ [(%d, %u..%u)]) then ", ROUTING_MARK_AS, first, last);
		al_buf_printf(out, "{ bgp_community.delete([(%d, %u..%u)]); bgp_community.add((%d, %u)); }\n",
			      ROUTING_MARK_AS, routing_kinds[kind].first, routing_kinds[kind].last, ROUTING_MARK_AS,
			      value);
	}
	al_buf_str(out, "\t\taccept;\n\t};\n");
}

static void outside_put(const struct render_settings *settings, const struct node_peer *peer, struct al_buf *out)
{
	al_buf_printf(out, "\tipv6 {\n\t%simport table on;\n\timport filter {\n\t\tif !alamo_in(%u) then reject;\n",
		      render_channel(settings), peer->asn);
	marks_put(peer, out);
	al_buf_str(out, "\texport filter {\n\t\tif !alamo_out() then reject;\n");
	marks_put(peer, out);
	al_buf_printf(out, "\timport limit %d action block; receive limit %d action block; };\n}\n", ROUTING_TAKEN_MAX,
		      ROUTING_RECEIVED_MAX);
}

static void session_put(const struct node_view *view, const struct render_settings *settings,
			const struct node_peer *peer, struct al_buf *out)
{
	enum routing_session session = routing_session(view, peer);
	const char *table = render_channel(settings);
	char interface[16], local[RENDER_LINK_LOCAL_MAX], remote[RENDER_LINK_LOCAL_MAX];

	render_interface(peer, interface);
	render_link_local(peer, true, local);
	render_link_local(peer, false, remote);
	al_buf_str(out, "protocol bgp ");
	render_symbol(peer->name, out);
	al_buf_printf(out, " from alamo_link {\n\tlocal %s as ALAMO_AS;\n\tneighbor %s%%'%s' as %u;\n", local, remote,
		      interface, peer->asn);
	if (session == ROUTING_CLIENT)
		al_buf_str(out, "\trr client;\n");
	if (session != ROUTING_OUTSIDE)
		al_buf_printf(out,
			      "\tdirect;\n\tipv6 { %snext hop self; import where net ~ ALAMO_NET; export where net ~ "
			      "ALAMO_NET; };\n}\n",
			      table);
	else
		outside_put(settings, peer, out);
}

void render_bird(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	defines_put(view, out);
	tables_put(view, settings, out);
	rules_put(view, out);
	render_mesh_bird(view, settings, out);
	for (size_t i = 0; i < view->peer_count; i++)
		if (!view->peers[i].mesh)
			session_put(view, settings, &view->peers[i], out);
	al_buf_str(out, "include \"alamo-local*.conf\";\n");
}

void render_bird_whole(const struct node_view *view, struct al_buf *out)
{
	al_buf_str(out, "# Written by `alamo node init --whole`.\n");
	router_put(view, out);
}
