/* SPDX-License-Identifier: MIT */
/*
 * monitor_told.h -- who is told by a monitor: a program, a web server, somebody by mail, readers of a feed.
 */
#ifndef CLI_MONITOR_TOLD_H
#define CLI_MONITOR_TOLD_H

#include "monitor_event.h"
#include "monitor_feed.h"
#include "outlet.h"

/* As it was typed; NULL: not that. */
struct monitor_ways {
	const char *exec;    /* words, separated by blanks */
	const char *webhook; /* URL */
	const char *mail;    /* address */
	const char *atom;    /* file */
	const char *state;   /* folder that remembers */
};

struct monitor_told {
	struct monitor_ways ways;
	struct monitor_watch watch;
	struct outlet *exec, *webhook, *mail; /* NULL: not wanted */
	struct monitor_feed feed;
	const char *in_feed[OUTLET_ASKED_MAX]; /* requests; borrowed */
	size_t in_feed_count;
	const char *sendmail;
	int lock; /* of the folder; -1: none */
};

/* An exit code; close in any case. `since`: where whoever remembers nothing begins. */
int monitor_told_open(struct monitor_told *told, const struct monitor_ways *ways, const struct monitor_watch *watch,
		      uint64_t since, bool once);
bool monitor_told_any(const struct monitor_told *told);
/* The first entry that one of them is to be told of; UINT64_MAX: there is nobody. */
uint64_t monitor_told_next(const struct monitor_told *told);
/* False: no memory. */
bool monitor_told_put(struct monitor_told *told, const struct monitor_event *event);
/* The outcome of a request, once. False: no memory. */
bool monitor_told_put_request(struct monitor_told *told, const char *hash, const struct monitor_event *event);
/* Was everybody told of it? */
bool monitor_told_has_request(const struct monitor_told *told, const char *hash);
/*
 * All that was put is the present of the log, whose newest entry is of `log_s`: the feed is written, if it is not so yet.
 * False: it cannot be, which is said.
 */
bool monitor_told_present(struct monitor_told *told, uint64_t log_s);
/* Somebody was away for so long that the log has to be read again for him. */
bool monitor_told_behind(const struct monitor_told *told);
/* The first entry that one of those who remember is to be told of; UINT64_MAX: nobody does. */
uint64_t monitor_told_remembered(const struct monitor_told *told);
void monitor_told_again(struct monitor_told *told);
/* How many events were not taken, which is said. */
uint64_t monitor_told_close(struct monitor_told *told);

#endif
