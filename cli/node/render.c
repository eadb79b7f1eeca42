/* SPDX-License-Identifier: MIT */
/*
 * render.c -- tunnels, firewall, forwarding, the node's address; render_bird.c and render_frr.c have the routes.
 */
#include "render.h"
#include "render_mesh.h"

#include <stdio.h>
#include <stdlib.h>

void render_interface(const struct node_peer *peer, char out[static 16])
{
	snprintf(out, 16, "al-%u", peer->port % 65536);
}

void render_link_local(const struct node_peer *peer, bool ours, char out[static RENDER_LINK_LOCAL_MAX])
{
	snprintf(out, RENDER_LINK_LOCAL_MAX, "fe80::a1a:%d:%x", peer->first == ours ? 1 : 2,
		 (ours ? peer->peer_port : peer->port) % 65536);
}

struct al_buf *render_file_add(struct render *render, unsigned mode, const char *path)
{
	struct render_file *file = &render->files[render->count++];

	snprintf(file->path, sizeof(file->path), "%s", path);
	file->mode = mode;
	al_buf_init(&file->text, RENDER_NETWORK_MAX);
	return &file->text;
}

/* ---- one tunnel a peer ---- */

/*
 * One link-local address: bird would take the kernel's own for its next hop.
 * AllowedIPs stays narrow: with ::/0 a peer reaches what is behind the node by routing it into the tunnel.
 */
static void tunnel_put(const struct node_view *view, const struct render_settings *settings,
		       const struct node_peer *peer, struct al_buf *out)
{
	char super[AL_PREFIX_STRLEN], local[RENDER_LINK_LOCAL_MAX];
	bool literal = false;

	al_prefix_format(&view->super, super);
	render_link_local(peer, true, local);
	al_buf_printf(out,
		      "# %s, AS%u. Written by `alamo node`; the router, not wg-quick, has the routes.\n[Interface]\n"
		      "PrivateKey = %s\nListenPort = %u\nTable = off\nMTU = 1420\n"
		      "PostUp = ip link set dev %%i addrgenmode none\nPostUp = ip -6 addr flush dev %%i scope link\n"
		      "PostUp = ip -6 addr add %s/64 dev %%i nodad\n\n[Peer]\nPublicKey = %s\nAllowedIPs = fe80::/64, "
		      "ff02::/16, %s\n",
		      peer->name, peer->asn, settings->private_key, peer->port, local, peer->wg_key, super);
	for (const char *c = peer->endpoint; *c != '\0'; c++)
		literal = literal || *c == ':';
	if (peer->endpoint[0] != '\0')
		al_buf_printf(out, literal ? "Endpoint = [%s]:%u\n" : "Endpoint = %s:%u\n", peer->endpoint,
			      peer->peer_port);
	al_buf_str(out, "PersistentKeepalive = 25\n");
}

/* ---- what a neighbour may do with this machine ---- */

/* The ports of services, as the inside of a set; nothing where there are none. */
static void openings_put(const struct node_view *view, struct al_buf *out)
{
	const char *before = " elements = {";

	for (size_t i = 0; i < view->service_count; i++)
		for (size_t k = 0; k < view->services[i].port_count; k++, before = ",")
			al_buf_printf(out, "%s %s . %u", before, view->services[i].ports[k].tcp ? "tcp" : "udp",
				      view->services[i].ports[k].number);
	if (before[0] == ',')
		al_buf_str(out, " };");
}

static void firewall_put(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	char super[AL_PREFIX_STRLEN];

	al_prefix_format(&view->super, super);
	al_buf_printf(out, "# Written by `alamo node`. Own openings: nft add element inet alamo open { tcp . 443 }\n"
			   "table inet alamo\ndelete table inet alamo\ntable inet alamo {\n"
			   "\tset open { type inet_proto . inet_service; }\n"
			   "\tset services { type inet_proto . inet_service;");
	openings_put(view, out);
	al_buf_str(out, " }\n"
			"\tchain to_me {\n\t\ttype filter hook input priority 0;\n"
			"\t\tiifname != \"al-*\" accept\n"
			"\t\tip6 saddr fe80::/64 tcp dport 179 accept\n"
			"\t\tip6 saddr fe80::/64 udp dport { 3784, 3785 } accept\n");
	render_mesh_opening(view, settings, out);
	al_buf_printf(out,
		      "\t\tct state established,related accept\n"
		      "\t\tip6 daddr { %s, fe80::/10, ff02::/16 } meta l4proto ipv6-icmp accept\n"
		      "\t\tip6 saddr %s meta l4proto . th dport @services accept\n"
		      "\t\tip6 saddr %s meta l4proto . th dport @open accept\n\t\tdrop\n\t}\n"
		      "\tchain through_me {\n\t\ttype filter hook forward priority 0;\n"
		      "\t\tiifname \"al-*\" oifname \"al-*\" ip6 saddr %s ip6 daddr %s accept\n"
		      "\t\tct state established,related accept\n"
		      "\t\tiifname \"al-*\" drop\n"
		      "\t\toifname \"al-*\" ip6 saddr != %s drop\n",
		      super, super, super, super, super, super);
	render_mesh_edge(view, settings, out);
	al_buf_str(out, "\t}\n}\n");
}

static void address_put(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	char super[AL_PREFIX_STRLEN];

	al_prefix_format(&view->super, super);
	al_buf_printf(out,
		      "# Written by `alamo node`: the node's own address, and those of its services.\n[Unit]\n"
		      "Description=Address of node %s\nBefore=%s.service\n\n[Service]\nType=oneshot\n"
		      "RemainAfterExit=yes\n" RENDER_ADDRESS_LINE,
		      view->name, node_router_words[settings->router], view->address);
	for (size_t i = 0; i < view->service_count; i++)
		if (node_service_here(&view->services[i]))
			al_buf_printf(out, RENDER_ADDRESS_LINE, view->services[i].address);
	if (!settings->whole && settings->router == NODE_BIRD)
		al_buf_printf(out,
			      "ExecStart=-/sbin/ip -6 rule add to %s lookup main suppress_prefixlength 48 priority %d\n"
			      "ExecStart=-/sbin/ip -6 rule add to %s lookup %d priority %d\n",
			      super, RENDER_KERNEL_TABLE - 1, super, RENDER_KERNEL_TABLE, RENDER_KERNEL_TABLE);
	al_buf_str(out, "\n[Install]\nWantedBy=multi-user.target\n");
}

void render_agent_unit(const struct node_view *view, const struct render_settings *settings, struct al_buf *out)
{
	const char *program = settings->program[0] != '\0' ? settings->program : "/usr/local/bin/alamo";

	al_buf_printf(out,
		      "# Written by `alamo node`.\n[Unit]\nDescription=Node %s, as the verified log has it\n"
		      "Wants=network-online.target\nAfter=network-online.target %s.service\n\n[Service]\n"
		      "ExecStartPre=-%s node up\n",
		      view->name, node_router_words[settings->router], program);
	if (settings->timer)
		al_buf_printf(out, "Type=oneshot\nExecStart=%s node apply\n", program);
	else
		/* What ends with 4 was lied to: it stays as it is until somebody has looked. */
		al_buf_printf(out,
			      "ExecStart=%s node run\nRestart=always\nRestartSec=5\nRestartPreventExitStatus=4\n\n"
			      "[Install]\nWantedBy=multi-user.target\n",
			      program);
}

void render_timer(struct al_buf *out)
{
	al_buf_str(out, "# Written by `alamo node init --timer`.\n[Unit]\nDescription=The node as the verified log has "
			"it, every "
			"minute\n\n[Timer]\nOnBootSec=10\nOnUnitInactiveSec=60\nAccuracySec=5\n\n[Install]\n"
			"WantedBy=timers.target\n");
}

static void tunnels_put(const struct node_view *view, const struct render_settings *settings, struct render *out)
{
	char path[RENDER_PATH_MAX], interface[16];

	for (size_t i = 0; i < view->peer_count; i++) {
		render_interface(&view->peers[i], interface);
		snprintf(path, sizeof(path), "etc/wireguard/%s.conf", interface);
		tunnel_put(view, settings, &view->peers[i], render_file_add(out, 0600, path));
	}
}

static void routes_put(const struct node_view *view, const struct render_settings *settings, struct render *out)
{
	if (settings->router == NODE_FRR) {
		render_frr(view, settings, render_file_add(out, 0640, RENDER_FRR_PATH));
		render_frr_daemons(render_file_add(out, 0640, RENDER_FRR_DAEMONS_PATH));
		return;
	}
	render_bird(view, settings, render_file_add(out, 0640, "etc/bird/alamo.conf"));
	al_buf_slice(render_file_add(out, 0640, "etc/bird/alamo-network.conf"), al_buf_view(&settings->network));
	if (settings->whole)
		render_bird_whole(view, render_file_add(out, 0640, "etc/bird/bird.conf"));
}

static enum al_err files_fill(const struct node_view *view, const struct render_settings *settings, struct render *out)
{
	enum al_err err = AL_OK;

	routes_put(view, settings, out);
	firewall_put(view, settings, render_file_add(out, 0644, "etc/nftables.d/alamo.nft"));
	al_buf_str(render_file_add(out, 0644, "etc/sysctl.d/90-alamo.conf"),
		   "# Written by `alamo node`.\nnet.ipv6.conf.all.forwarding = 1\n"
		   "net.ipv6.conf.default.accept_ra = 0\n");
	address_put(view, settings, render_file_add(out, 0644, RENDER_ADDRESS_PATH));
	render_agent_unit(view, settings, render_file_add(out, 0644, "etc/systemd/system/alamo-node.service"));
	if (settings->timer)
		render_timer(render_file_add(out, 0644, "etc/systemd/system/alamo-node.timer"));
	tunnels_put(view, settings, out);
	if (settings->mesh != NODE_MESH_OFF)
		err = render_mesh(view, settings, out);
	for (size_t i = 0; i < out->count && err == AL_OK; i++)
		err = out->files[i].text.err;
	return err;
}

enum al_err render_node(const struct node_view *view, const struct render_settings *settings, struct render *out)
{
	out->count = 0;
	out->timer = settings->timer;
	out->router = settings->router;
	out->whole = settings->whole || settings->router == NODE_FRR;
	return files_fill(view, settings, out);
}

void render_release(struct render *render)
{
	for (size_t i = 0; i < render->count; i++)
		al_buf_release(&render->files[i].text);
	render->count = 0;
}
