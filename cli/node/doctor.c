/* SPDX-License-Identifier: MIT */
/*
 * doctor.c -- see doctor.h.
 */
#include "doctor.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "alamo/tlog/witness.h"
#include "command.h"
#include "member/network.h"
#include "node_apply.h"
#include "node_mesh.h"
#include "node_sessions.h"
#include "process.h"

#define HANDSHAKE_S 180 /* WireGuard's own rekeying is done by then */
#define STALE_S 600     /* a quiet log is dated once a minute */
#define MTU 1420

AL_PRINTF(5, 6)
static void find(struct doctor *d, enum doctor_how how, const char *what, const char *mend, const char *fmt, ...)
{
	struct doctor_finding *finding = &d->findings[d->count];
	va_list args;

	if (d->count == DOCTOR_FINDINGS_MAX)
		return;
	d->count++;
	finding->how = how;
	snprintf(finding->what, sizeof(finding->what), "%s", what);
	snprintf(finding->mend, sizeof(finding->mend), "%s", how == DOCTOR_GOOD ? "" : mend);
	va_start(args, fmt);
	(void)vsnprintf(finding->text, sizeof(finding->text), fmt, args);
	va_end(args);
	d->worst = how > d->worst ? how : d->worst;
}

static bool said(const char *const argv[], struct al_buf *out)
{
	int status = 0;

	al_buf_reset(out);
	return process_run(argv, AL_S(""), true, out, &status) == AL_OK && status == 0;
}

/* ---- the machine ---- */

static bool address_is_here(const char *wanted)
{
	struct ifaddrs *list = NULL;
	char text[NI_MAXHOST];
	bool found = false;

	if (getifaddrs(&list) != 0)
		return false;
	for (const struct ifaddrs *at = list; at != NULL && !found; at = at->ifa_next)
		found = at->ifa_addr != NULL && at->ifa_addr->sa_family == AF_INET6 &&
			getnameinfo(at->ifa_addr, sizeof(struct sockaddr_in6), text, sizeof(text), NULL, 0,
				    NI_NUMERICHOST) == 0 &&
			strcmp(text, wanted) == 0;
	freeifaddrs(list);
	return found;
}

static void machine_examine(struct doctor *d, const struct node_view *view, enum node_router router, struct al_buf *buf)
{
	static const char *const firewall[] = { "nft", "list", "table", "inet", "alamo", NULL };
	bool there;

	if (address_is_here(view->address))
		find(d, DOCTOR_GOOD, "address", "", "%s", view->address);
	else
		find(d, DOCTOR_BAD, "address", "alamo node apply", "%s is on no interface: answers leave with another",
		     view->address);
	find(d, said(firewall, buf) ? DOCTOR_GOOD : DOCTOR_BAD, "firewall", "alamo node up", "table inet alamo");
	if (node_origins_ask(router, buf, &there) != AL_OK)
		find(d, DOCTOR_BAD, node_router_words[router], node_router_mends[router].start, "there is no answer");
	else if (!there)
		find(d, DOCTOR_WARN, "origins", node_router_mends[router].origins,
		     "the RTR cache has given nothing: %s", node_router_mends[router].without);
	else
		find(d, DOCTOR_GOOD, "origins", "", "from the RTR cache");
}

/* ---- a link ---- */

static uint64_t handshake_of(const char *tunnel, struct al_buf *buf)
{
	const char *const argv[] = { "wg", "show", tunnel, "latest-handshakes", NULL };
	struct al_slice rest, word;
	uint64_t when = 0;

	if (!said(argv, buf))
		return 0;
	rest = al_buf_view(buf);
	for (int i = 0; i < 2; i++)
		if (!al_slice_word(&rest, "", &word))
			return 0;
	return al_slice_u64(word, UINT64_MAX, &when) == AL_OK ? when : 0;
}

static int mtu_of(const char *tunnel)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), mtu = -1;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", tunnel);
	if (fd >= 0 && ioctl(fd, SIOCGIFMTU, &request) == 0)
		mtu = request.ifr_mtu;
	if (fd >= 0)
		close(fd);
	return mtu;
}

static void tunnel_examine(struct doctor *d, const struct node_peer *peer, const char *tunnel, struct al_buf *buf)
{
	char what[NODE_TEXT_MAX + 16], mend[NODE_TEXT_MAX];
	uint64_t now = (uint64_t)time(NULL), when = handshake_of(tunnel, buf);
	int mtu = mtu_of(tunnel);

	snprintf(what, sizeof(what), "handshake %s", peer->name);
	snprintf(mend, sizeof(mend), "udp port %u open at one end? else: wg-quick down %s; wg-quick up %s", peer->port,
		 tunnel, tunnel);
	if (when == 0)
		find(d, DOCTOR_BAD, what, mend, "there was none yet (%s)",
		     peer->endpoint[0] != '\0' ? peer->endpoint : "it calls us");
	else if (now > when + HANDSHAKE_S)
		find(d, DOCTOR_BAD, what, mend, "the last was %llu s ago", (unsigned long long)(now - when));
	else
		find(d, DOCTOR_GOOD, what, "", "%llu s ago", (unsigned long long)(now > when ? now - when : 0));
	snprintf(what, sizeof(what), "mtu %s", peer->name);
	snprintf(mend, sizeof(mend), "ip link set %s mtu %d", tunnel, MTU);
	find(d, mtu == MTU ? DOCTOR_GOOD : DOCTOR_WARN, what, mend, "%d", mtu);
}

/* What the router and babeld say of all links. */
struct voices {
	enum node_router router;
	struct al_buf protocols, dump;
};

static void link_examine(struct doctor *d, const struct node_peer *peer, const char *tunnel,
			 const struct voices *voices)
{
	char what[NODE_TEXT_MAX + 16];

	snprintf(what, sizeof(what), "%s %s", peer->mesh ? "mesh" : "session", peer->name);
	if (peer->mesh)
		find(d, node_mesh_heard(al_buf_view(&voices->dump), tunnel) ? DOCTOR_GOOD : DOCTOR_BAD, what,
		     "alamo mesh up, here and at the other end", "babel on %s", tunnel);
	else
		find(d,
		     node_session_up(voices->router, al_buf_view(&voices->protocols), peer) ? DOCTOR_GOOD : DOCTOR_BAD,
		     what, node_router_mends[voices->router].session, "BGP with AS%u", peer->asn);
}

static void peer_examine(struct doctor *d, const struct node_peer *peer, const struct voices *voices,
			 struct al_buf *buf)
{
	char what[NODE_TEXT_MAX + 16], tunnel[16];

	render_interface(peer, tunnel);
	if (if_nametoindex(tunnel) == 0) {
		snprintf(what, sizeof(what), "tunnel %s", peer->name);
		find(d, DOCTOR_BAD, what, "alamo node up", "there is no interface %s", tunnel);
		return;
	}
	tunnel_examine(d, peer, tunnel, buf);
	link_examine(d, peer, tunnel, voices);
}

static void links_examine(struct doctor *d, const struct node_view *view, enum node_router router, struct al_buf *buf)
{
	struct voices voices = { .router = router };

	al_buf_init(&voices.protocols, NODE_SESSIONS_TEXT_MAX);
	al_buf_init(&voices.dump, NODE_MESH_TEXT_MAX);
	(void)!node_sessions_ask(router, &voices.protocols);
	(void)!node_mesh_ask(&voices.dump);
	if (view->peer_count == 0)
		find(d, DOCTOR_WARN, "links", "alamo peer add NODE", "there is none");
	if (view->unsigned_count > 0)
		find(d, DOCTOR_WARN, "links", "alamo peer add NODE, again",
		     "%zu in the log are not as you signed them, and left out", view->unsigned_count);
	for (size_t i = 0; i < view->peer_count; i++)
		peer_examine(d, &view->peers[i], &voices, buf);
	al_buf_release(&voices.dump);
	al_buf_release(&voices.protocols);
}

/* ---- the log ---- */

static void change_count(void *arg, enum place_change change, const char *path)
{
	size_t *count = arg;

	(void)path;
	*count += change != PLACE_SAME;
}

static void files_examine(struct doctor *d, const char *root, const struct node_rendering *r)
{
	const struct place place = { .root = root, .set = "node" };
	size_t count = 0;

	if (place_compare(&place, &r->render, change_count, &count) != AL_OK || count > 0)
		find(d, DOCTOR_BAD, "files", "alamo node apply", "%zu differ from what the log says", count);
	else
		find(d, DOCTOR_GOOD, "files", "", "%zu, as the log has them", r->render.count);
}

/* When the registry's log was known to go as far as its head, by the log's own key (tlog/witness.h); 0: that is not said. */
static uint64_t date_ask(const char *root, const char *server)
{
	struct registry registry = { .server = server };
	struct node_conf *conf = calloc(1, sizeof(*conf));
	struct client *client = NULL;
	struct network network;
	struct al_vkey dating;
	struct al_buf note;
	uint64_t date = 0;

	al_buf_init(&note, CLIENT_ANSWER_MAX);
	if (conf != NULL && node_conf_load(root, conf) == AL_OK) {
		if (server == NULL && conf->server[0] != '\0')
			registry.server = conf->server;
		if (network_open(&registry, &client, &network) == AL_OK && client_ask(client, "head", &note) == AL_OK) {
			dating = al_vkey_dating(&network.key);
			if (al_cosigned(al_buf_view(&note), &dating, &date) != AL_OK)
				date = 0;
		}
	}
	client_close(client);
	al_buf_release(&note);
	free(conf);
	return date;
}

static void date_examine(struct doctor *d, uint64_t date, uint64_t size)
{
	uint64_t now = (uint64_t)time(NULL);

	if (date == 0)
		find(d, DOCTOR_WARN, "freshness", "ask the hostmaster", "the log dates nothing");
	else if (date > now + 60)
		find(d, DOCTOR_BAD, "clock", "systemctl restart systemd-timesyncd",
		     "this machine is %llu s behind the log", (unsigned long long)(date - now));
	else if (now > date + STALE_S)
		find(d, DOCTOR_BAD, "freshness", "alamo doctor --stream OF-A-MIRROR",
		     "the newest date is %llu s old: the authority is away, or this clock is ahead",
		     (unsigned long long)(now - date));
	else
		find(d, DOCTOR_GOOD, "freshness", "", "log %llu, %llu s old", (unsigned long long)size,
		     (unsigned long long)(now > date ? now - date : 0));
}

void doctor_examine(const char *root, const struct log_read_options *where, struct doctor *out)
{
	struct node_rendering *r = NULL;
	struct al_buf buf;
	int code = node_rendering_new(root, where, &r);

	al_buf_init(&buf, 1u << 24);
	if (code != CLI_DONE) {
		find(out, DOCTOR_BAD, "log",
		     code == CLI_OFFLINE ? "alamo doctor --stream OF-A-MIRROR" : "see what is said above",
		     code == CLI_OFFLINE ? "the registry cannot be reached; what is in place goes on working"
					 : "nothing can be rendered from it");
	} else {
		date_examine(out, date_ask(root, where->server), r->view.size);
		files_examine(out, root, r);
		if (strcmp(root, "/") == 0) {
			machine_examine(out, &r->view, r->render.router, &buf);
			links_examine(out, &r->view, r->render.router, &buf);
		}
	}
	al_buf_release(&buf);
	node_rendering_free(r);
}
