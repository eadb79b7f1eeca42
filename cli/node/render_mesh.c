/* SPDX-License-Identifier: MIT */
/*
 * render_mesh.c -- see render_mesh.h.
 *
 * A link is the mesh's or BGP's, never both: so what comes in by a link says which half sent it, and the filters need no
 * state. What is not obvious in babeld's file:
 *   - a key a link, of node_link_secret(): nobody types or sends it, and who has not signed the link cannot speak in it;
 *   - `random-id`: a router-id that is the same after a crash, with the sequence number forgotten, is infeasible to others;
 *   - `pref-src`: a node has a routed address as well, which the gateways would not let out.
 */
#include "render_mesh.h"

#include <string.h>

#include "address.h"
#include "node_key.h"

/* Who made a route, as the kernel keeps it. */
#define PROTO_BIRD 12
#define PROTO_FRR_STATIC 196

bool render_mesh_gateway(const struct node_view *view, const struct render_settings *settings)
{
	return settings->mesh == NODE_MESH_GATEWAY && view->gateway;
}

/* The spaces of the halves, as text. */
struct spaces {
	char super[AL_PREFIX_STRLEN], half[AL_PREFIX_STRLEN], routed[AL_PREFIX_STRLEN], reserved[AL_PREFIX_STRLEN];
	char node[AL_PREFIX_STRLEN], subnet[AL_PREFIX_STRLEN], anycast[AL_PREFIX_STRLEN];
};

static void spaces_fill(const struct al_prefix *super, struct spaces *out)
{
	struct al_prefix half = mesh_half(super), routed = mesh_space(super, MESH_ROUTED);
	struct al_prefix node = mesh_space(super, MESH_NODE), subnet = mesh_space(super, MESH_SUBNET);
	struct al_prefix anycast = mesh_space(super, MESH_ANYCAST), reserved = half;

	/* Nibbles c to f: the bit behind the half's. */
	reserved.addr[half.len / 8] |= (uint8_t)(0x80 >> half.len % 8);
	reserved.len++;
	al_prefix_format(super, out->super);
	al_prefix_format(&half, out->half);
	al_prefix_format(&routed, out->routed);
	al_prefix_format(&reserved, out->reserved);
	al_prefix_format(&node, out->node);
	al_prefix_format(&subnet, out->subnet);
	al_prefix_format(&anycast, out->anycast);
}

/* ---- babeld ---- */

static enum al_err links_put(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	uint8_t secret[NODE_LINK_SECRET_LEN];
	char hex[2 * NODE_LINK_SECRET_LEN + 1], interface[16];
	enum al_err err = AL_OK;

	for (size_t i = 0; i < view->peer_count && err == AL_OK; i++) {
		const struct node_peer *peer = &view->peers[i];

		if (!peer->mesh)
			continue;
		err = node_link_secret(settings->private_key, peer->wg_key, peer->first, secret);
		if (err != AL_OK)
			break;
		sodium_bin2hex(hex, sizeof(hex), secret, sizeof(secret));
		render_interface(peer, interface);
		al_buf_printf(out,
			      "# %s\nkey id %s type hmac-sha256 value %s\n"
			      "interface %s type tunnel key %s hello-interval 1 update-interval 20\n",
			      peer->name, interface, hex, interface, interface);
	}
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(hex, sizeof(hex));
	return err;
}

/* What a neighbour may announce, and what we announce: prefixes of the lengths that section 4 has. */
static void filters_put(const struct node_view *view, const struct render_settings *settings,
			const struct spaces *spaces, struct al_buf *out)
{
	bool gateway = render_mesh_gateway(view, settings);
	char prefix[AL_PREFIX_STRLEN];

	static const char *const ways[] = { "in", "out" };

	al_buf_printf(out, "in ip %s/128 deny\n", settings->mesh_address);
	for (size_t i = 0; i < view->revoked_count; i++) {
		al_addr_format(&view->revoked[i], prefix);
		al_buf_printf(out, "in ip %s/128 deny\n", prefix);
	}
	for (size_t i = 0; i < AL_COUNT(ways); i++) {
		al_buf_printf(out, "%s ip %s eq 128 allow\n%s ip %s ge 40 le 64 allow\n%s ip %s ge 48 allow\n", ways[i],
			      spaces->node, ways[i], spaces->subnet, ways[i], spaces->anycast);
		/* The way out; a gateway has its own. */
		if (i == 1 || !gateway)
			al_buf_printf(out, "%s ip %s eq %s allow\n", ways[i], spaces->routed,
				      strchr(spaces->routed, '/') + 1);
		al_buf_printf(out, "%s deny\n", ways[i]);
	}
	al_buf_printf(out, "redistribute local ip %s/128 eq 128 allow\nredistribute local deny\n",
		      settings->mesh_address);
	if (gateway)
		al_buf_printf(out, "redistribute ip %s eq %s proto %d allow\n", spaces->routed,
			      strchr(spaces->routed, '/') + 1,
			      settings->router == NODE_FRR ? PROTO_FRR_STATIC : PROTO_BIRD);
	for (size_t i = 0; i < view->mesh_prefix_count; i++) {
		al_prefix_format(&view->mesh_prefixes[i], prefix);
		al_buf_printf(out, "redistribute ip %s eq %u allow\n", prefix, view->mesh_prefixes[i].len);
	}
	al_buf_printf(out, "redistribute deny\ninstall pref-src %s\n", settings->mesh_address);
}

static enum al_err babel_put(const struct node_view *view, const struct render_settings *settings,
			     const struct spaces *spaces, struct al_buf *out)
{
	enum al_err err;

	al_buf_printf(out,
		      "# Written by `alamo node`: changes here are lost. Keys: nobody else's business.\n"
		      "random-id true\nlocal-path %s\nstate-file %s\n",
		      RENDER_BABEL_SOCKET, RENDER_BABEL_STATE);
	err = links_put(view, settings, out);
	filters_put(view, settings, spaces, out);
	return err;
}

/* ---- what may pass ---- */

static void names_put(const struct node_view *view, struct al_buf *out)
{
	const char *between = "";
	char interface[16];

	for (size_t i = 0; i < view->peer_count; i++) {
		if (!view->peers[i].mesh)
			continue;
		render_interface(&view->peers[i], interface);
		al_buf_printf(out, "%s\"%s\"", between, interface);
		between = ", ";
	}
}

static bool has_links(const struct node_view *view)
{
	for (size_t i = 0; i < view->peer_count; i++)
		if (view->peers[i].mesh)
			return true;
	return false;
}

/*
 * Between the mesh's links and the others only a gateway passes anything on: out of the mesh what is of the mesh half and can be
 * answered, into the mesh what goes to it and does not say that it comes from it.
 */
static void passing_put(const struct spaces *spaces, bool gateway, struct al_buf *out)
{
	if (!gateway) {
		al_buf_str(out, "\t\tiifname @links oifname \"al-*\" oifname != @links counter name from_mesh drop\n"
				"\t\tiifname \"al-*\" iifname != @links oifname @links counter name into_mesh drop\n");
		return;
	}
	al_buf_printf(out,
		      "\t\tiifname @links oifname != @links ip6 saddr != %s counter name from_mesh drop\n"
		      "\t\tiifname @links oifname != @links fib saddr oif missing counter name from_mesh drop\n"
		      "\t\tiifname != @links oifname @links ip6 daddr != %s counter name into_mesh drop\n",
		      spaces->half, spaces->half);
}

/* Subnets that are ours are on interfaces of this machine that are no tunnels. */
static void own_put(const struct node_view *view, struct al_buf *out)
{
	char prefix[AL_PREFIX_STRLEN];

	for (size_t i = 0; i < view->mesh_prefix_count; i++) {
		al_prefix_format(&view->mesh_prefixes[i], prefix);
		al_buf_printf(out, "\t\tiifname != \"al-*\" ip6 saddr %s return\n", prefix);
	}
}

static void filter_put(const struct node_view *view, const struct render_settings *settings,
		       const struct spaces *spaces, struct al_buf *out)
{
	al_buf_str(out, "# Written by `alamo node`: between the mesh half and everything else.\n"
			"table inet alamo_mesh\ndelete table inet alamo_mesh\ntable inet alamo_mesh {\n"
			"\tset links { type ifname; ");
	if (has_links(view)) {
		al_buf_str(out, "elements = { ");
		names_put(view, out);
		al_buf_str(out, " }; ");
	}
	al_buf_printf(out,
		      "}\n\tcounter from_mesh { }\n\tcounter into_mesh { }\n\tcounter reserved { }\n"
		      "\tchain claimed {\n"
		      "\t\tip6 saddr %s counter name reserved drop\n\t\tip6 daddr %s counter name reserved drop\n",
		      spaces->reserved, spaces->reserved);
	own_put(view, out);
	al_buf_printf(out,
		      "\t\tiifname != @links ip6 saddr %s ip6 daddr %s counter name into_mesh drop\n\t}\n"
		      "\tchain to_me {\n\t\ttype filter hook input priority -10;\n\t\tiifname \"lo\" accept\n"
		      "\t\tjump claimed\n\t}\n"
		      "\tchain through_me {\n\t\ttype filter hook forward priority -10;\n\t\tjump claimed\n",
		      spaces->half, spaces->half);
	passing_put(spaces, render_mesh_gateway(view, settings), out);
	al_buf_str(out, "\t}\n}\n");
}

void render_mesh_opening(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	if (settings->mesh == NODE_MESH_OFF || !has_links(view))
		return;
	al_buf_str(out, "\t\tiifname { ");
	names_put(view, out);
	al_buf_str(out, " } ip6 saddr fe80::/64 udp dport 6696 accept\n");
}

void render_mesh_edge(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	struct spaces spaces;

	if (settings->mesh != NODE_MESH_OFF || !mesh_prefix_ok(&view->super))
		return;
	spaces_fill(&view->super, &spaces);
	al_buf_printf(out, "\t\tiifname != \"al-*\" oifname \"al-*\" ip6 saddr %s drop\n", spaces.half);
}

/* ---- bird, the unit ---- */

/* The routed half is there for babeld to pass on (by the number that its maker has in the kernel), and not announced: alamo_out() is for longer ones. */
void render_mesh_bird(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	struct spaces spaces;

	if (!render_mesh_gateway(view, settings))
		return;
	spaces_fill(&view->super, &spaces);
	al_buf_printf(out,
		      "# A gateway: the mesh half is announced. What babeld knows of it is longer.\n"
		      "protocol static alamo_mesh {\n\tipv6 { %s};\n\troute %s unreachable;\n\troute %s "
		      "unreachable;\n}\n\n",
		      render_channel(settings), spaces.half, spaces.routed);
}

static void unit_put(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	al_buf_printf(out,
		      "# Written by `alamo node`.\n[Unit]\nDescription=Mesh half of node %s (babeld)\n"
		      "After=alamo-node.service\n\n[Service]\nExecStartPre=/sbin/ip -6 addr replace %s/128 dev lo\n"
		      "ExecStartPre=/usr/sbin/nft -f /" RENDER_MESH_NFT_PATH "\n"
		      "ExecStart=/usr/sbin/babeld -c /" RENDER_BABEL_PATH " -I " RENDER_BABEL_PID "\n"
		      "Restart=always\nRestartSec=2\n\n[Install]\nWantedBy=multi-user.target\n",
		      view->name, settings->mesh_address);
}

enum al_err render_mesh(const struct node_view *view, const struct render_settings *settings, struct render *out)
{
	struct spaces spaces;
	enum al_err err;

	if (!mesh_prefix_ok(&view->super))
		return AL_EINVAL;
	spaces_fill(&view->super, &spaces);
	err = babel_put(view, settings, &spaces, render_file_add(out, 0600, RENDER_BABEL_PATH));
	filter_put(view, settings, &spaces, render_file_add(out, 0644, RENDER_MESH_NFT_PATH));
	unit_put(view, settings, render_file_add(out, 0644, RENDER_MESH_UNIT_PATH));
	return err;
}
