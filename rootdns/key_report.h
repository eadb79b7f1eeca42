/* SPDX-License-Identifier: MIT */
/*
 * key_report.h -- where every key of every zone stands, and what comes next: run/dns-keys, which `alamo keys dns`
 * shows, a line each, and two gauges.
 *
 *   ZONE ROLE TAG ALGORITHM STATE SINCE NEXT AT LF
 *
 * ROLE is ksk or zsk, SINCE and AT are Unix seconds; NEXT is "-", and AT 0, while nothing will happen by itself.
 */
#ifndef ROOTDNS_KEY_REPORT_H
#define ROOTDNS_KEY_REPORT_H

#include "alamo/base/buf.h"
#include "zone_key.h"

#define KEY_REPORT "dns-keys"

struct key_report {
	struct al_buf text;
	uint64_t moving; /* keys that are not in use yet, or not any more */
	uint64_t next;   /* the first step of any of them, Unix seconds; 0: none */
};

void key_report_begin(struct key_report *report);
void key_report_add(struct key_report *report, const struct dname *apex, const struct zone_keys *keys);
/* Into the folder (NULL: nowhere), and the gauges. Releases it. */
AL_MUST_USE enum al_err key_report_end(struct key_report *report, const char *dir);

const char *key_role_name(bool set);

#endif
