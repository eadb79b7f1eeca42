/* SPDX-License-Identifier: MIT */
/*
 * monitor_feed.h -- what a monitor has seen as an Atom feed (RFC 4287) in a file.
 *
 * A function of the log: whoever makes it again has the same ids and dates.
 */
#ifndef CLI_MONITOR_FEED_H
#define CLI_MONITOR_FEED_H

#include "monitor_event.h"

#define FEED_ENTRIES 50
#define FEED_TEXT_MAX (16u << 10) /* bytes of an entry's words */

struct monitor_feed {
	char *entries[FEED_ENTRIES]; /* XML, a ring */
	size_t first, count;
	uint64_t next;    /* the first entry of the log that is not in it; whoever adds keeps it */
	uint64_t updated; /* time of the newest one */
	bool dirty;       /* the file is behind, or was not written yet */
};

/* AL_ENOMEM. */
AL_MUST_USE enum al_err monitor_feed_add(struct monitor_feed *feed, const struct monitor_event *event);
/* The whole file; `log_s`: time of the log's newest entry, for a feed without any. */
void monitor_feed_put(const struct monitor_feed *feed, const struct monitor_watch *watch, uint64_t log_s,
		      struct al_buf *out);
void monitor_feed_release(struct monitor_feed *feed);

#endif
