/* SPDX-License-Identifier: MIT */
/*
 * daemon.h -- alamo-whoisd over the log that every test begins with, and how it is asked.
 */
#ifndef WHOIS_DAEMON_H
#define WHOIS_DAEMON_H

#include "../common/daemon.h"

#include "session.h"
#include "whoisd.h"

#define FOUNDED 3 /* entries that every test begins with */

static inline const char *whois(const char *line)
{
	char question[256];

	(void)snprintf(question, sizeof(question), "%s\n", line);
	return answer_to(port_of("whois"), question);
}

static inline const char *get(const char *path)
{
	return get_at("rdap", path);
}

static inline int setup(void **state)
{
	static const struct daemon_def whoisd = {
		.service = &whoisd_service,
		.base = "[network]\nname = test\nlisten = 127.0.0.1\n[registry]\nhttp-port = 4345\n"
			"[whois]\nport = 0\nhttp-port = 0\n",
		.last = "rdap",
	};

	(void)state;
	world_open(&whoisd);
	assert_int_equal(mkdir(path_of("keys/nrtm4"), 0700), 0);
	append("registry: TEST\ntld: test\nroot-server: a 192.0.2.1\nmnt-by: A-MNT\nsource: TEST\n\n"
	       "mntner: A-MNT\nmnt-by: A-MNT\nsource: TEST\n");
	append("as-set: AS-ALL\nmembers: AS64500\nmnt-by: A-MNT\nsource: TEST\n");
	append("aut-num: AS64500\nas-name: FIRST\nmnt-by: A-MNT\nsource: TEST\n");
	assert_int_equal(world.size, FOUNDED);
	return 0;
}

#endif
