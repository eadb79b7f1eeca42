/* SPDX-License-Identifier: MIT */
/*
 * log_read.h -- read a whole log from its first entry, by the pinned key; what
 * a command does with the entries is its own.
 */
#ifndef CLI_LOG_READ_H
#define CLI_LOG_READ_H

#include <limits.h>

#include "alamo/net/loop.h"
#include "alamo/tlog/note.h"
#include "alamo/rpsl/sshsig.h"
#include "option.h"
#include "progress.h"

#define OPTION_STALE(type, field)                                                                        \
	{                                                                                                \
		.name = "stale", .arg = "SECONDS", .least = 1, .most = 31536000, OPTION_AT(type, field), \
		.meaning = "says that the log may be kept from us when it has no newer date than that",  \
		.fallback = "600"                                                                        \
	}
/* Rows of the options below; the command has its own way to `dir`, and perhaps to `key`. */
#define LOG_READ_ROWS_NO_KEY(type, where)                                                                    \
	{ .name = "stream",                                                                                  \
	  .arg = "HOST:PORT|PATH",                                                                           \
	  OPTION_AT(type, where.stream),                                                                     \
	  .meaning = "the log stream, or its socket",                                                        \
	  .fallback = "that of the folder or the registry" },                                                \
		{ .name = "network",                                                                         \
		  .arg = "NAME",                                                                             \
		  OPTION_AT(type, where.network),                                                            \
		  .meaning = "name of the network in the signatures, where nobody can be asked" },           \
		{ .name = "pin",                                                                             \
		  .arg = "FILE",                                                                             \
		  OPTION_AT(type, where.pin),                                                                \
		  .meaning = "a checkpoint that the log must contain; the file is made the first time, and " \
			     "replaced by the newest that verified" },                                       \
		{ .name = "evidence",                                                                        \
		  .arg = "DIR",                                                                              \
		  OPTION_AT(type, where.evidence),                                                           \
		  .meaning = "folder for both notes of a fork",                                              \
		  .fallback = "DIR/run/evidence, else alamo-evidence" },                                     \
		OPTION_STALE(type, where.stale), OPTION_SERVER(type, where.server)
#define LOG_READ_ROWS(type, where)                            \
	{ .name = "key",                                      \
	  .letter = 'k',                                      \
	  .arg = "VKEY|FILE",                                 \
	  OPTION_AT(type, where.key),                         \
	  .meaning = "the log's key",                         \
	  .fallback = "that of the folder or the registry" }, \
		LOG_READ_ROWS_NO_KEY(type, where)

/* Where and what; all may be NULL. */
struct log_read_options {
	const char *dir; /* of an authority: its socket, its key, its newest checkpoint */
	const char *stream, *key, *network, *server;
	const struct al_vkey *known; /* the key of an earlier reading, which may have come after `key` */
	const char *pin;             /* file with a checkpoint that the log must contain; replaced by the newest */
	const char *evidence;        /* folder for both notes of a fork; NULL: DIR/run/evidence, or alamo-evidence */
	struct option_number stale;  /* seconds without a newer date of the log, before that is said; AL_STALE_S */
};

/* The next entry under a verified checkpoint. Not AL_OK ends the reading; the command has said why. */
typedef enum al_err (*log_read_fn)(void *arg, uint64_t index, struct al_slice bytes);

struct log_read {
	/* what to read */
	char address[PATH_MAX];
	struct al_vkey key;
	char network[AL_SSH_NAMESPACE_MAX]; /* whose pin the key is from; empty: the key was named, or is a folder's */
	char ns[AL_SSH_NAMESPACE_MAX];      /* SSHSIG namespace; known from the first request on */
	struct al_buf target_note;          /* empty: no head was named at the start */
	uint64_t target;
	struct al_buf pin_note; /* empty: nothing is pinned */
	const char *pin;
	char evidence[PATH_MAX];
	bool follow;                /* read on for ever; set it before running */
	const char *what;           /* not following: progress is shown under this name; NULL: none */
	void (*present)(void *arg); /* following: the present head is reached, for the first time; may be NULL */
	void (*tick)(void *arg);    /* following: from then on, every `tick_s` seconds; may be NULL */
	unsigned tick_s;
	void (*newer)(void *arg); /* one more head is verified, and all of its entries were given; may be NULL */
	/*
	 * What can be done of an entry before its turn, on any thread, with nothing but its bytes and `ns`; may be NULL. What it gives is
	 * `made` while the entry has its turn: who takes it from there leaves NULL, else unmade() frees it.
	 */
	void *(*ahead)(const struct log_read *read, struct al_slice bytes);
	void (*unmade)(void *made);
	void *made;
	/* how far */
	struct al_checkpoint head; /* the newest that was verified */
	struct al_buf head_note;
	bool headed;
	uint64_t newest_s;    /* time of its newest entry, or a newer date that it signed */
	struct al_loop *loop; /* while it runs: for timers of the command's own */
	/* private */
	struct progress progress;
	uint64_t tip; /* how far the stream's server says that the log goes */
	struct al_timer *timer, *ticker;
	struct al_age *age;
	uint64_t patience_ms, stale_s;
	log_read_fn entry;
	void *arg;
	struct log_ahead *queue;
	unsigned drops;
	bool linked, ticking;
	int code;
};

/* An exit code; release in any case. */
int log_read_begin(struct log_read *read, const struct log_read_options *options);
/* CLI_DONE: everything was read and verified as far as tree and checkpoints go. Else said on standard error. */
int log_read_run(struct log_read *read, log_read_fn entry, void *arg);
/* From the entry callback: that was all, with this exit code. More entries may still come; they are not wanted. */
void log_read_finish(struct log_read *read, int code);
void log_read_release(struct log_read *read);

/* "HOST:PORT" with a name in it as numbers, or a socket's path, as al_follow has it; an exit code. */
int log_read_address(const char *address, const char *port, char out[static PATH_MAX]);
/* A verifier key as text, or the file that has one; an exit code. */
int log_read_key(const char *typed, struct al_vkey *key);
/* A secret key out of a file; who has it wipes it. An exit code; said. */
int log_read_secret(const char *path, struct al_skey *key);

#endif
