/* SPDX-License-Identifier: MIT */
/*
 * resolver_render.c -- the plan in the language of each program.
 *
 * What is written here and would be written otherwise by who reads the manuals alone says why beside it, in the file
 * too where its reader could be tempted to mend it.
 */
#include "resolver.h"

#include <string.h>

const struct resolver_program resolver_programs[] = {
	{ .name = "unbound",
	  .files = { { "/etc/unbound/unbound.conf.d/alamo.conf", "#", resolver_render_unbound } },
	  .file_count = 1,
	  .after = "systemctl restart unbound",
	  .check = { "unbound-checkconf" } },
	{ .name = "bind",
	  .files = { { "/etc/bind/named.conf.alamo", "#", resolver_render_bind } },
	  .file_count = 1,
	  .after = "echo 'include \"/etc/bind/named.conf.alamo\";' >>/etc/bind/named.conf.local && systemctl restart "
		   "named",
	  .check = { "named-checkconf" },
	  .port_53_only = true },
	{ .name = "kresd",
	  .files = { { "/etc/knot-resolver/alamo.conf", "--", resolver_render_kresd } },
	  .file_count = 1,
	  .after = "echo \"dofile('/etc/knot-resolver/alamo.conf')\" >>/etc/knot-resolver/kresd.conf && systemctl "
		   "restart 'kresd@*'" },
	{ .name = "resolved",
	  .files = { { "/etc/systemd/resolved.conf.d/alamo.conf", "#", resolver_render_resolved },
		     { "/etc/dnssec-trust-anchors.d/alamo.positive", ";", resolver_render_positive } },
	  .file_count = 2,
	  .after = "systemctl restart systemd-resolved" },
	{ .name = "dnsmasq",
	  .files = { { "/etc/dnsmasq.d/alamo.conf", "#", resolver_render_dnsmasq } },
	  .file_count = 1,
	  .after = "systemctl restart dnsmasq",
	  .check = { "dnsmasq", "--test", "-C" } },
};
const size_t resolver_program_count = AL_COUNT(resolver_programs);

const struct resolver_program *resolver_program_find(const char *name)
{
	for (size_t i = 0; i < resolver_program_count; i++)
		if (strcmp(resolver_programs[i].name, name) == 0)
			return &resolver_programs[i];
	return NULL;
}

static const char *anchor_zone(const struct resolver_plan *plan, size_t i)
{
	return plan->zones[plan->anchors[i].zone];
}

/* ---- unbound ---- */

static bool is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static bool has_loopback(const struct resolver_plan *plan)
{
	for (size_t i = 0; i < plan->server_count; i++)
		if (is_loopback(plan->servers[i].address))
			return true;
	return false;
}

void resolver_render_unbound(const struct resolver_plan *plan, struct al_buf *out)
{
	al_buf_str(out, "# The public root's own anchor stays the automatic one of Debian's snippet.\n"
			"server:\n"
			"\t# With it, a cached denial of the public root (RFC 8198) answers for these zones: NXDOMAIN "
			"after the\n"
			"\t# first mistyped neighbour. `stub-no-cache` would help too, but forgets everything when the "
			"link is down.\n"
			"\taggressive-nsec: no\n");
	if (has_loopback(plan))
		al_buf_str(out, "\tdo-not-query-localhost: no\n");
	for (size_t i = 0; i < plan->zone_count; i++) {
		/* Names may have addresses of private ranges, whatever `private-address` says. */
		al_buf_printf(out, "\tprivate-domain: \"%s.\"\n", plan->zones[i]);
		/* Instead of a built-in empty zone of it, or of one above it (d.f.ip6.arpa, 10.in-addr.arpa ...). */
		if (resolver_is_reverse(plan->zones[i]))
			al_buf_printf(out, "\tlocal-zone: \"%s.\" transparent\n", plan->zones[i]);
	}
	for (size_t i = 0; i < plan->anchor_count; i++)
		al_buf_printf(out, "\ttrust-anchor: \"%s. IN DS %s\"\n", anchor_zone(plan, i), plan->anchors[i].ds);
	for (size_t i = 0; i < plan->zone_count; i++) {
		al_buf_printf(out, "stub-zone:\n\tname: \"%s.\"\n", plan->zones[i]);
		for (size_t k = 0; k < plan->server_count; k++)
			al_buf_printf(out, "\tstub-addr: %s@%u\n", plan->servers[k].address, plan->servers[k].port);
	}
}

/* ---- BIND ---- */

/* "TAG ALGORITHM TYPE " and the digest behind it. */
static struct al_slice ds_digest(const char *ds, struct al_slice *numbers)
{
	const char *last = strrchr(ds, ' ');

	*numbers = al_slice_of(ds, (size_t)(last - ds));
	return al_slice_str(last + 1);
}

void resolver_render_bind(const struct resolver_plan *plan, struct al_buf *out)
{
	al_buf_str(out, "# In named.conf.local: include \"/etc/bind/named.conf.alamo\";\n"
			"# Who has deny-answer-addresses lists these zones in its except-from.\n");
	for (size_t i = 0; i < plan->zone_count; i++) {
		al_buf_printf(out, "zone \"%s\" {\n\ttype static-stub;\n\tserver-addresses {", plan->zones[i]);
		for (size_t k = 0; k < plan->server_count; k++)
			al_buf_printf(out, " %s;", plan->servers[k].address);
		al_buf_str(out, " };\n};\n");
	}
	al_buf_str(out, "# static-ds: a key of these zones signs before it has stood there for 30 days, as initial-ds "
			"(RFC 5011)\n"
			"# would want it. The hostmaster tells of the next one 32 days before.\n"
			"# The root has none here: it would exclude the built-in one of `dnssec-validation auto`.\n"
			"trust-anchors {\n");
	for (size_t i = 0; i < plan->anchor_count; i++) {
		struct al_slice numbers, digest = ds_digest(plan->anchors[i].ds, &numbers);

		al_buf_printf(out, "\t\"%s\" static-ds %.*s \"%.*s\";\n", anchor_zone(plan, i), AL_FMT(numbers),
			      AL_FMT(digest));
	}
	al_buf_str(out, "};\n");
}

/* ---- Knot Resolver ---- */

static void lua_zones(const struct resolver_plan *plan, struct al_buf *out)
{
	al_buf_str(out, "policy.todnames({");
	for (size_t i = 0; i < plan->zone_count; i++)
		al_buf_printf(out, "%s'%s.'", i > 0 ? ", " : "", plan->zones[i]);
	al_buf_str(out, "})");
}

void resolver_render_kresd(const struct resolver_plan *plan, struct al_buf *out)
{
	al_buf_str(
		out,
		"-- In kresd.conf: dofile('/etc/knot-resolver/alamo.conf')\n"
		"-- kresd follows nothing that the servers it forwards to delegate: members' own name servers need a\n"
		"-- resolver like unbound. Its module `rebinding` knows no exceptions for private addresses: leave it "
		"out.\n");
	for (size_t i = 0; i < plan->anchor_count; i++)
		al_buf_printf(out, "trust_anchors.add('%s. IN DS %s')\n", anchor_zone(plan, i), plan->anchors[i].ds);
	al_buf_str(out, "-- From the cache, a denial of the public root (RFC 8198) would answer for these zones.\n"
			"policy.add(policy.suffix(policy.FLAGS({'NO_CACHE'}), ");
	lua_zones(plan, out);
	al_buf_str(out, "))\n-- Not STUB, which validates nothing.\npolicy.add(policy.suffix(policy.FORWARD({");
	for (size_t k = 0; k < plan->server_count; k++)
		al_buf_printf(out, "%s'%s@%u'", k > 0 ? ", " : "", plan->servers[k].address, plan->servers[k].port);
	al_buf_str(out, "}), ");
	lua_zones(plan, out);
	al_buf_str(out, "))\n");
}

/* ---- dnsmasq ---- */

void resolver_render_dnsmasq(const struct resolver_plan *plan, struct al_buf *out)
{
	al_buf_str(
		out,
		"# dnsmasq asks the network's servers and follows nothing that they delegate: members' own name "
		"servers\n"
		"# need a resolver like unbound. Validators behind dnsmasq cannot ask it for the DS of these zones.\n"
		"dnssec\n"
		"# It does not start without an anchor for the root.\n"
		"conf-file=/usr/share/dnsmasq-base/trust-anchors.conf\n");
	for (size_t i = 0; i < plan->anchor_count; i++) {
		struct al_slice rest = al_slice_str(plan->anchors[i].ds), word;

		al_buf_printf(out, "trust-anchor=%s", anchor_zone(plan, i));
		while (al_slice_word(&rest, "", &word))
			al_buf_printf(out, ",%.*s", AL_FMT(word));
		al_buf_str(out, "\n");
	}
	for (size_t i = 0; i < plan->zone_count; i++) {
		for (size_t k = 0; k < plan->server_count; k++)
			al_buf_printf(out, "server=/%s/%s#%u\n", plan->zones[i], plan->servers[k].address,
				      plan->servers[k].port);
		al_buf_printf(out, "rebind-domain-ok=/%s/\n", plan->zones[i]);
	}
}

/* ---- systemd-resolved ---- */

void resolver_render_resolved(const struct resolver_plan *plan, struct al_buf *out)
{
	al_buf_str(out, "# The links' own servers stay those of every other name. Nothing here validates without the "
			"anchors in\n"
			"# alamo.positive: a signed zone that the public root does not know is bogus under "
			"allow-downgrade too.\n"
			"# resolved follows nothing that the servers delegate: members' own name servers need one like "
			"unbound.\n"
			"[Resolve]\nDNS=");
	for (size_t k = 0; k < plan->server_count; k++)
		al_buf_printf(out, strchr(plan->servers[k].address, ':') != NULL ? "%s[%s]:%u" : "%s%s:%u",
			      k > 0 ? " " : "", plan->servers[k].address, plan->servers[k].port);
	al_buf_str(out, "\nDomains=");
	for (size_t i = 0; i < plan->zone_count; i++)
		al_buf_printf(out, "%s~%s", i > 0 ? " " : "", plan->zones[i]);
	al_buf_str(out, "\nDNSSEC=allow-downgrade\n");
}

/* Owner, class, type, data and nothing else: a line with a TTL or a comment behind it is skipped. */
void resolver_render_positive(const struct resolver_plan *plan, struct al_buf *out)
{
	for (size_t i = 0; i < plan->anchor_count; i++)
		al_buf_printf(out, "%s. IN DS %s\n", anchor_zone(plan, i), plan->anchors[i].ds);
}
