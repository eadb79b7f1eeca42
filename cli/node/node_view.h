/* SPDX-License-Identifier: MIT */
/*
 * node_view.h -- what the verified log says about one node and those it is linked with.
 *
 * Only the log is believed: a registry that lies can leave something out, but not add a peer or change a key that its
 * holder did not sign.
 */
#ifndef CLI_NODE_VIEW_H
#define CLI_NODE_VIEW_H

#include "alamo/rpsl/state.h"
#include "log/log_read.h"
#include "node_trust.h"

#define NODE_TEXT_MAX 256
#define NODE_PEERS_MAX 512
#define NODE_PREFIXES_MAX 64
#define NODE_REVOKED_MAX 1024
/* Ports of tunnels where nobody says: below Linux's ephemeral range, clear of dn42's 2xxxx. */
#define NODE_PORT_FIRST 10000
#define NODE_PORT_LAST 19999

struct node_peer {
	char name[NODE_TEXT_MAX]; /* of the node at the other end */
	uint32_t asn;
	char wg_key[NODE_TEXT_MAX];
	char endpoint[NODE_TEXT_MAX]; /* host; empty: it has none, and calls us */
	unsigned port, peer_port;     /* of this tunnel, ours and theirs */
	bool first;                   /* we are the first node of NODE:NODE */
	bool mesh;                    /* babel runs in it, and no BGP */
	bool reflector;               /* it is one of our AS's route reflectors */
	unsigned latency_ms, kbit; /* of the link, one way, as this node's holder has it (node_conf.h); 0: not said */
};

/*
 * So many nodes of one AS are linked each with each. Where there are more, the first by name are route reflectors
 * (RFC 4456), and the others need links with these alone.
 */
#define NODE_FULL_MESH_MAX 8
#define NODE_REFLECTORS 2

/* What is offered to the network from this node. */
#define NODE_SERVICES_MAX 64
#define NODE_PORTS_MAX 16
struct node_service {
	char name[NODE_TEXT_MAX];
	char address[AL_PREFIX_STRLEN]; /* on this machine; empty: the node's own, or none of its prefixes has it */
	struct {
		bool tcp;
		unsigned number;
	} ports[NODE_PORTS_MAX];
	size_t port_count;
	bool anycast; /* others have the address too: it is here, and its prefix announced, while the service answers */
	size_t prefix; /* of the address, when anycast: into prefixes */
	bool answers;  /* by node_services_look(); until then true */
};

struct node_view {
	char name[NODE_TEXT_MAX];
	uint32_t asn;
	char address[AL_PREFIX_STRLEN]; /* its loopback address */
	char wg_key[NODE_TEXT_MAX];
	char mnt[NODE_TEXT_MAX];
	struct al_prefix super;                       /* of the network, IPv6 */
	struct al_prefix prefixes[NODE_PREFIXES_MAX]; /* IPv6, that its AS may announce */
	bool prefix_anycast[NODE_PREFIXES_MAX];       /* announced while a service in it answers */
	size_t prefix_count;
	struct al_prefix mesh_prefixes[NODE_PREFIXES_MAX]; /* of the mesh half, at this node (mesh-prefix) */
	size_t mesh_prefix_count;
	struct al_prefix revoked[NODE_REVOKED_MAX]; /* addresses that nobody is to announce (mesh-revoked) */
	size_t revoked_count;
	bool gateway; /* it may stand between the halves: mesh-gateway, and a route of its AS for the mesh half */
	struct node_service services[NODE_SERVICES_MAX]; /* in the order of their names */
	size_t service_count;
	bool reflector;                         /* this node is one of its AS's route reflectors */
	struct node_peer peers[NODE_PEERS_MAX]; /* in the order of their names */
	size_t peer_count;
	size_t unsigned_count; /* links in the log that this node's holder did not sign as they are: left out */
	uint64_t size;         /* of the log */
};

struct audit;
struct audit_finding;
/* Says the first finding; `arg` is a bool, whether there was one. As audit_fn. */
void node_finding_tell(void *arg, const struct audit_finding *finding);
/*
 * The whole log, decided again (rules/audit.h), so that every object in it has the signatures that it needs. Exit code;
 * CLI_UNVERIFIED at the first finding. The caller frees *audit; audit_state() is what the log says. `trust` (NULL:
 * nobody asks) learns which entries its keys signed.
 */
int node_log_read(const struct log_read_options *where, struct node_trust *trust, struct audit **audit);

/*
 * `super` is the network's prefix as it was when the node was made. AL_ENOTFOUND (said): the log has no such node, or it is
 * not complete. AL_EVERIFY (said): node or prefix are not what the holder signed.
 */
AL_MUST_USE enum al_err node_view_fill(const struct al_state *state, const char *name, const char *super,
				       const struct node_trust *trust, struct node_view *out);
/* The network's IPv6 super-prefix, as text; empty: none. */
void node_super(const struct al_state *state, char out[static AL_PREFIX_STRLEN]);

/*
 * "wireguard PORT PORT [KEY KEY] [mesh]" (hex) of a peering's `link:`: what both ends signed, the first node's first. The keys
 * are in it so that another key is another consent. Keys are empty where there are none. A link is of one half: BGP's, or,
 * with the last word, the mesh's; two nodes have at most one of each.
 */
struct node_link {
	unsigned port[2];
	char key[2][NODE_TEXT_MAX];
	bool mesh;
};
/* The peering's link of that half; false: it has none of this kind. */
bool node_link_read(const struct al_object *peering, bool mesh, struct node_link *out);
/* " KEY" for such a link, from a node's `wg-key:`. */
void node_link_key_put(struct al_slice key, struct al_buf *out);
/*
 * Fills the services that name the node and that `trust` signed; needs address and prefixes of the view. Prefixes with
 * a service that is anycast, on whatever node, or with other origins too become anycast; not the node's own block.
 */
void node_services_fill(const struct al_state *state, const struct node_trust *trust, struct node_view *view);
/* Asks each anycast service at the node's own address; one without a TCP port is taken to answer. Half a second at most. */
void node_services_look(struct node_view *view);
/* Does a service that answers announce the prefix? True for what is not anycast. */
bool node_prefix_announced(const struct node_view *view, size_t prefix);
/* The address belongs on this machine now: it has one of its own, which answers if it is anycast. */
bool node_service_here(const struct node_service *service);

/* A port for one more tunnel at `node`: none of its peerings has it. 0: none is left. */
unsigned node_port_free(const struct al_state *state, struct al_slice node);

/* The attribute as a C string, cut to fit; empty when there is none. */
void node_attr(const struct al_object *object, const char *name, char *out, size_t cap);

#endif
