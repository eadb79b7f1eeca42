/* SPDX-License-Identifier: MIT */
/*
 * syntax_name.h -- names, AS numbers and sets, for the table in syntax.c.
 *
 * As in syntax_dns.h. The functions that end in _old are the wider forms of
 * before: what stands in a log already is read by them.
 */
#ifndef COMMON_SYNTAX_NAME_H
#define COMMON_SYNTAX_NAME_H

#include "alamo/base/buf.h"

enum al_err syntax_name(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_name_old(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_mntner(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_mntner_old(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_mntner_any(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_mntner_any_old(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_nic_hdl(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_nic_hdl_old(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_org(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_country(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_asn(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_as_block(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_as_set(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_as_set_old(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_as_member(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_route_set(struct al_slice value, struct al_buf *out, const char **why);
enum al_err syntax_route_set_old(struct al_slice value, struct al_buf *out, const char **why);
/* An AS number, a set of either kind, AS-ANY or RS-ANY: what a route-set has beside prefixes. */
enum al_err syntax_set_of_routes(struct al_slice value, struct al_buf *out, const char **why);
/* "NODE:NODE" in the order of the alphabet. */
enum al_err syntax_node_pair(struct al_slice value, struct al_buf *out, const char **why);

#endif
