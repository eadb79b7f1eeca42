/* SPDX-License-Identifier: MIT */
/*
 * monitor_asked.h -- what became of requests that wait for the hostmaster, for who sent them.
 *
 * A refusal is in no log: it is the registry's word. An approval is an entry, which proves itself.
 */
#ifndef CLI_MONITOR_ASKED_H
#define CLI_MONITOR_ASKED_H

#include "monitor_told.h"

struct monitor_asked {
	const struct option_list *hashes; /* 64 digits each, SHA-256 of the signed text */
	const char *server;               /* NULL: settings.h decides */
};

/* Are they hashes? An exit code; said. */
int monitor_asked_check(const struct option_list *hashes);
/*
 * Asks for those of which not everybody was told, and tells; `log_s` is the time of the newest entry. Nobody there, or
 * no decision yet: the next time again. False: no memory.
 */
bool monitor_asked_look(const struct monitor_asked *asked, struct monitor_told *told, uint64_t log_s);

/* An answer to "queue-status" as an event; its `json` stays NULL while nothing is decided. */
void monitor_asked_read(struct al_slice answer, const char *hash, const struct monitor_watch *watch, uint64_t log_s,
			struct monitor_event *event);

#endif
