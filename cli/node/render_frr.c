/* SPDX-License-Identifier: MIT */
/*
 * render_frr.c -- /etc/frr/frr.conf and /etc/frr/daemons for FRR, whose files are one: there is none beside it to include.
 *
 * What is not obvious, each found by trying with 8.4:
 *   - a list that is missing matches nothing, so every rule that lets in names what it lets in, and nothing is let in by default;
 *   - no `|` in an expression: with a blank behind it vtysh takes it for a pipe, and leaves the line out. A line a case, then;
 *   - soft-reconfiguration: routes are looked at again when origins change only if they were kept, and not always then
 *     (node_sessions.h);
 *   - `match rpki` matches nothing at all until the first cache was heard; there are no origins from a file;
 *   - no `force` behind maximum-prefix: what is filtered is never counted by it, and what is taken costs a look at all that was kept;
 *   - `next-hop-self force`: without the word a reflected route keeps the link-local next hop of somebody else's tunnel;
 *   - `no-export`: what is connected is for our own nodes, and the next one does not know that it was;
 *   - prefix lists and route maps take longer the more there are (20 a second at 2,000): what grows with the network is in as-path
 *     lists, which do not, by the origin's last digit, so that a route is compared with a tenth of them.
 */
#include "address.h"
#include "render.h"
#include "render_mesh.h"
#include "routing.h"

static void prefix_put(struct al_buf *out, const char *before, const struct al_prefix *prefix, const char *behind)
{
	char text[AL_PREFIX_STRLEN];

	al_prefix_format(prefix, text);
	al_buf_printf(out, "%s%s%s", before, text, behind);
}

/* ---- origins and static routes ---- */

static void origins_put(const struct render_settings *settings, struct al_buf *out)
{
	al_buf_printf(out,
		      "rpki\n rpki polling_period %d\n rpki retry_interval %d\n rpki expire_interval %d\n"
		      " rpki cache %s %s preference 1\nexit\n",
		      ROUTING_ORIGINS_REFRESH_S, ROUTING_ORIGINS_RETRY_S, ROUTING_ORIGINS_EXPIRE_S, settings->rtr_host,
		      settings->rtr_port);
}

static void statics_put(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	struct al_prefix half, routed;

	for (size_t i = 0; i < view->prefix_count; i++)
		if (node_prefix_announced(view, i))
			prefix_put(out, "ipv6 route ", &view->prefixes[i], " reject\n");
	if (!render_mesh_gateway(view, settings))
		return;
	half = mesh_half(&view->super);
	routed = mesh_space(&view->super, MESH_ROUTED);
	prefix_put(out, "ipv6 route ", &half, " reject\n");
	prefix_put(out, "ipv6 route ", &routed, " reject\n");
}

/* ---- lists ---- */

static void ranges_put(const struct node_view *view, const char *list, unsigned seq, struct al_buf *out)
{
	struct routing_range ranges[ROUTING_RANGES_MAX];
	size_t count = routing_announced(view, ranges);

	for (size_t i = 0; i < count; i++) {
		al_buf_printf(out, "ipv6 prefix-list %s seq %u permit ", list, seq++);
		prefix_put(out, "", &ranges[i].prefix, "");
		if (ranges[i].most > ranges[i].prefix.len)
			al_buf_printf(out, " ge %u le %u", ranges[i].least, ranges[i].most);
		al_buf_u8(out, '\n');
	}
}

/* The node's own prefixes and all below; `action` is what becomes of them. Returns the next number. */
static unsigned own_put(const struct node_view *view, const char *list, const char *action, struct al_buf *out)
{
	unsigned seq = 1;

	for (size_t i = 0; i < view->prefix_count; i++) {
		if (!routing_is_own(view, i))
			continue;
		al_buf_printf(out, "ipv6 prefix-list %s seq %u %s ", list, seq++, action);
		prefix_put(out, "", &view->prefixes[i], " le 128\n");
	}
	return seq;
}

static void lists_put(const struct node_view *view, struct al_buf *out)
{
	prefix_put(out, "ipv6 prefix-list alamo-net seq 1 permit ", &view->super, " le 128\n");
	ranges_put(view, "alamo-announced", 1, out);
	(void)own_put(view, "alamo-own", "permit", out);
	ranges_put(view, "alamo-taken", own_put(view, "alamo-taken", "deny", out), out);
}

/* ---- rules ---- */

static void rule_put(struct al_buf *out, const char *map, const char *action, unsigned seq, const char *body)
{
	al_buf_printf(out, "route-map %s %s %u\n%sexit\n", map, action, seq, body);
}

/* The origin's neighbour (render_network.c has the lists): by the last digit of the origin, then listed or not. */
static void beside_put(struct al_buf *out)
{
	for (unsigned digit = 0; digit < 10; digit++)
		al_buf_printf(
			out,
			"bgp as-path access-list alamo-ends-%u permit %u$\n"
			"route-map alamo-beside permit %u\n call alamo-beside-%u\n match as-path alamo-ends-%u\nexit\n"
			"route-map alamo-beside-%u permit 1\n match as-path alamo-links-%u\nexit\n"
			"route-map alamo-beside-%u deny 2\n match as-path alamo-listed-%u\nexit\n"
			"route-map alamo-beside-%u permit 3\nexit\n",
			digit, digit, digit + 1, digit, digit, digit, digit, digit, digit, digit);
}

/* ---- marks ---- */

/* A route that has none that is worse gets this one instead of any other of its kind. */
static void mark_put(size_t kind, unsigned value, struct al_buf *out)
{
	const char *name = routing_kinds[kind].name;
	unsigned first, last;

	if (routing_worse(kind, value, &first, &last)) {
		for (unsigned worse = first; worse <= last; worse++)
			al_buf_printf(out, "bgp community-list standard alamo-%s-%u permit %d:%u\n", name, value,
				      ROUTING_MARK_AS, worse);
		al_buf_printf(out, "route-map alamo-%s-%u permit 1\n match community alamo-%s-%u\nexit\n", name, value,
			      name, value);
	}
	al_buf_printf(out,
		      "route-map alamo-%s-%u permit 2\n set comm-list alamo-%s delete\n on-match next\nexit\n"
		      "route-map alamo-%s-%u permit 3\n set community %d:%u additive\nexit\n",
		      name, value, name, name, value, ROUTING_MARK_AS, value);
}

static bool is_used(const struct node_view *view, size_t kind, unsigned value)
{
	for (size_t i = 0; i < view->peer_count; i++)
		if (routing_mark(&view->peers[i], kind) == value)
			return true;
	return false;
}

static void marks_put(const struct node_view *view, struct al_buf *out)
{
	for (size_t kind = 0; kind < ROUTING_KINDS; kind++)
		for (unsigned value = routing_kinds[kind].first; value <= routing_kinds[kind].last; value++) {
			al_buf_printf(out, "bgp community-list standard alamo-%s permit %d:%u\n",
				      routing_kinds[kind].name, ROUTING_MARK_AS, value);
			if (is_used(view, kind, value))
				mark_put(kind, value, out);
		}
}

static void rules_put(const struct node_view *view, struct al_buf *out)
{
	beside_put(out);
	rule_put(out, "alamo-origin", "permit", 1, " call alamo-beside\n match rpki valid\n");
	rule_put(out, "alamo-inside", "permit", 1, " match ipv6 address prefix-list alamo-net\n");
	rule_put(out, "alamo-local", "permit", 1,
		 " match ipv6 address prefix-list alamo-own\n set community no-export\n");
	al_buf_printf(out,
		      "route-map alamo-kernel permit 1\n match ipv6 address prefix-list alamo-net\n set src %s\nexit\n"
		      "ipv6 protocol bgp route-map alamo-kernel\nbgp route-map delay-timer 1\n",
		      view->address);
}

/* What is taken from one neighbour: paths that begin with it; and what it is told. Both get the link's marks. */
static void neighbour_rules_put(const struct node_peer *peer, struct al_buf *out)
{
	char interface[16];

	render_interface(peer, interface);
	al_buf_printf(out,
		      "bgp as-path access-list alamo-from-%s permit ^%u( [0-9]+){0,%d}$\n"
		      "route-map alamo-in-%s permit 1\n call alamo-origin\n match as-path alamo-from-%s\n"
		      " match ipv6 address prefix-list alamo-taken\n on-match goto 3\nexit\n"
		      "route-map alamo-in-%s deny 2\nexit\n"
		      "route-map alamo-in-%s permit 3\n call alamo-marks-%s\nexit\n"
		      "route-map alamo-out-%s permit 1\n call alamo-marks-%s\n"
		      " match ipv6 address prefix-list alamo-announced\nexit\n",
		      interface, peer->asn, ROUTING_PATH_MAX - 1, interface, interface, interface, interface, interface,
		      interface, interface);
	for (unsigned kind = 0; kind < ROUTING_KINDS; kind++) {
		unsigned value = routing_mark(peer, kind);

		al_buf_printf(out, "route-map alamo-marks-%s permit %u\n", interface, kind + 1);
		if (value > 0)
			al_buf_printf(out, " call alamo-%s-%u\n", routing_kinds[kind].name, value);
		al_buf_str(out, kind + 1 < ROUTING_KINDS ? " on-match next\nexit\n" : "exit\n");
	}
}

/* ---- sessions ---- */

/* FRR's own interval, which it does not show, so that saying it would be a change every time. */
_Static_assert(ROUTING_BFD_MS == 300, "other intervals have to be said");

static void groups_put(const struct node_view *view, struct al_buf *out)
{
	static const char *const groups[] = { "alamo", "alamo-inside" };
	char id[16];

	routing_id(view, id);
	al_buf_printf(out,
		      "bfd\n profile alamo\n  detect-multiplier %d\n exit\nexit\nrouter bgp %u\n bgp router-id %s\n"
		      " no bgp default ipv4-unicast\n",
		      ROUTING_BFD_MISSES, view->asn, id);
	for (size_t i = 0; i < AL_COUNT(groups); i++)
		al_buf_printf(out,
			      " neighbor %s peer-group\n neighbor %s bfd\n neighbor %s bfd profile alamo\n"
			      " neighbor %s timers %d %d\n neighbor %s timers connect %d\n",
			      groups[i], groups[i], groups[i], groups[i], ROUTING_KEEPALIVE_S, ROUTING_HOLD_S,
			      groups[i], ROUTING_RETRY_S);
}

static void neighbour_put(const struct node_view *view, const struct node_peer *peer, struct al_buf *out)
{
	bool outside = routing_session(view, peer) == ROUTING_OUTSIDE;
	char interface[16], remote[RENDER_LINK_LOCAL_MAX];

	render_interface(peer, interface);
	render_link_local(peer, false, remote);
	al_buf_printf(out,
		      " neighbor %s remote-as %u\n neighbor %s peer-group %s\n neighbor %s description %s\n"
		      " neighbor %s interface %s\n",
		      remote, peer->asn, remote, outside ? "alamo" : "alamo-inside", remote, peer->name, remote,
		      interface);
}

static void neighbour_family_put(const struct node_view *view, const struct node_peer *peer, struct al_buf *out)
{
	char interface[16], remote[RENDER_LINK_LOCAL_MAX];

	render_interface(peer, interface);
	render_link_local(peer, false, remote);
	if (routing_session(view, peer) == ROUTING_OUTSIDE)
		al_buf_printf(out, "  neighbor %s route-map alamo-in-%s in\n  neighbor %s route-map alamo-out-%s out\n",
			      remote, interface, remote, interface);
	if (routing_session(view, peer) == ROUTING_CLIENT)
		al_buf_printf(out, "  neighbor %s route-reflector-client\n", remote);
}

static void networks_put(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	struct al_prefix half;

	for (size_t i = 0; i < view->prefix_count; i++)
		if (node_prefix_announced(view, i))
			prefix_put(out, "  network ", &view->prefixes[i], "\n");
	if (!render_mesh_gateway(view, settings))
		return;
	half = mesh_half(&view->super);
	prefix_put(out, "  network ", &half, "\n");
}

static void sessions_put(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	groups_put(view, out);
	for (size_t i = 0; i < view->peer_count; i++)
		if (!view->peers[i].mesh)
			neighbour_put(view, &view->peers[i], out);
	al_buf_str(out, " address-family ipv6 unicast\n  redistribute connected route-map alamo-local\n");
	networks_put(view, settings, out);
	al_buf_printf(out,
		      "  neighbor alamo activate\n  neighbor alamo soft-reconfiguration inbound\n"
		      "  neighbor alamo maximum-prefix %d restart 5\n"
		      "  neighbor alamo-inside activate\n  neighbor alamo-inside next-hop-self force\n"
		      "  neighbor alamo-inside route-map alamo-inside in\n"
		      "  neighbor alamo-inside route-map alamo-inside out\n",
		      ROUTING_TAKEN_MAX);
	for (size_t i = 0; i < view->peer_count; i++)
		if (!view->peers[i].mesh)
			neighbour_family_put(view, &view->peers[i], out);
	al_buf_str(out, " exit-address-family\nexit\n");
}

void render_frr(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	al_buf_str(out, "! Written by `alamo node`: changes here are lost. Your own go to alamo-local.conf, which is "
			"taken over.\n"
			"frr defaults traditional\nservice integrated-vtysh-config\nlog syslog informational\n");
	origins_put(settings, out);
	statics_put(view, settings, out);
	lists_put(view, out);
	al_buf_slice(out, al_buf_view(&settings->network));
	rules_put(view, out);
	marks_put(view, out);
	for (size_t i = 0; i < view->peer_count; i++)
		if (!view->peers[i].mesh && routing_session(view, &view->peers[i]) == ROUTING_OUTSIDE)
			neighbour_rules_put(&view->peers[i], out);
	sessions_put(view, settings, out);
	al_buf_slice(out, al_buf_view(&settings->local));
}

void render_frr_daemons(struct al_buf *out)
{
	al_buf_str(out, "# Written by `alamo node init --router frr`: zebra and staticd are always there.\n"
			"bgpd=yes\nbfdd=yes\nvtysh_enable=yes\n"
			"zebra_options=\"  -A 127.0.0.1 -s 90000000\"\nbgpd_options=\"   -A 127.0.0.1 -M rpki\"\n"
			"staticd_options=\"-A 127.0.0.1\"\nbfdd_options=\"   -A 127.0.0.1\"\n");
}
