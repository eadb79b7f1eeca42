/* SPDX-License-Identifier: MIT */
/*
 * ledger_side.h -- what the registry keeps beside the log and may forget:
 * contact texts, requests that wait for the hostmaster, control requests.
 *
 * All through the ledger's writer thread. A call made after ledger_append()
 * is done after that entry's commit. done() comes once, on the loop, unless
 * the call itself failed: AL_ECLOSED not started or closing, AL_EAGAIN too
 * much is waiting, AL_ENOMEM. AL_EIO: storage failed, nothing was done.
 */
#ifndef REGISTRY_LEDGER_SIDE_H
#define REGISTRY_LEDGER_SIDE_H

#include "ledger.h"

#define LEDGER_QUEUE_ROWS 10000        /* a full queue takes no more: nobody can push others out of it */
#define LEDGER_QUEUE_BYTES (32u << 20) /* of all texts in it */
#define LEDGER_QUEUE_ROW_BYTES 8192u   /* a share of N requests has N times this */
#define LEDGER_QUEUE_NETWORK 4u        /* shares that a network has */
#define LEDGER_QUEUE_DONE 10000        /* refusals that are remembered, for LEDGER_QUEUE_DONE_S */
#define LEDGER_QUEUE_DONE_S (90u * 86400u)
#define LEDGER_WHO_MAX 2048      /* bytes of struct ledger_asking's who */
#define LEDGER_REASON_MAX 400    /* bytes with NUL */
#define LEDGER_QUEUE_LISTED 1000 /* rows of one listing */
#define LEDGER_LABEL_MAX 200     /* bytes with NUL */
#define LEDGER_OBJECT_MAX 128    /* bytes of "person ANN-ALAMO" */

/* The text that belongs to one object. At most one is kept for each. */
struct ledger_attachment {
	struct al_slice object;    /* class and key: "person ANN-ALAMO" */
	uint8_t hash[AL_HASH_LEN]; /* SHA-256 of text */
	struct al_slice text;      /* empty: what is kept for the object goes */
};

/* What is stored in the same transaction as an entry. */
struct ledger_extra {
	const struct ledger_attachment *sides;
	size_t side_count;
	const uint8_t *queue_hash; /* drops the queued request of that hash; NULL: none */
};
/* ledger_append() with more in its transaction. All is copied. */
AL_MUST_USE enum al_err ledger_append_with(struct ledger *ledger, uint64_t index, struct al_slice entry,
					   const struct ledger_extra *extra, ledger_done_fn done, void *arg);

struct ledger_queued {
	uint64_t id;
	uint64_t time;             /* Unix seconds */
	uint8_t hash[AL_HASH_LEN]; /* of the signed text */
	char label[LEDGER_LABEL_MAX];
};

/* A request for the hostmaster. */
struct ledger_asking {
	uint64_t time;                    /* Unix seconds */
	const uint8_t *hash;              /* of the signed text */
	const uint8_t *same;              /* of what is asked and who signed: the same again is not kept twice */
	struct al_slice label, text, who; /* who: words, each with a share: "source=192.0.2.1 key=SHA256:..." */
};

struct ledger_queue_status {
	bool waiting; /* else it was refused */
	uint64_t id;  /* waiting */
	uint64_t time;
	char reason[LEDGER_REASON_MAX];
};

/* Lives during the call. */
struct ledger_side_result {
	struct ledger_queued queued; /* add (id and hash of what waits), get, find */
	struct ledger_queue_status status;
	uint64_t dropped;                 /* drop */
	struct al_slice text;             /* of a contact or a queued request */
	uint8_t hash[AL_HASH_LEN];        /* of a contact's text */
	const struct ledger_queued *rows; /* list, oldest first, at most LEDGER_QUEUE_LISTED */
	size_t row_count;
	uint64_t total; /* list: rows in the queue */
};
typedef void (*ledger_side_fn)(void *arg, enum al_err err, const struct ledger_side_result *result);

/* A control request is taken once: its text's hash is remembered (on disk) as long as the text is good for. */
struct ledger_once {
	uint8_t hash[AL_HASH_LEN];
	uint64_t until; /* Unix seconds */
	uint64_t now;
};

/* AL_ENOTFOUND: no text is kept for the object. */
AL_MUST_USE enum al_err ledger_side_get(struct ledger *ledger, struct al_slice object, ledger_side_fn done, void *arg);
/*
 * Erase for good: after AL_OK no byte of the text is in the ledger's files
 * (docs/formats.md, "Erasing"). AL_EEXIST: `once` was taken before.
 * AL_ENOTFOUND: there was none, and traces of former ones are gone too.
 */
AL_MUST_USE enum al_err ledger_side_erase(struct ledger *ledger, struct al_slice object, const struct ledger_once *once,
					  ledger_side_fn done, void *arg);

/* All that is kept beside the log, as it is now, into the file `path`, which appears whole: a backup's part. */
AL_MUST_USE enum al_err ledger_side_save(struct ledger *ledger, struct al_slice path, ledger_side_fn done, void *arg);

/* The same again gives the same id. Through done(): AL_ELIMIT the queue is full, AL_EDENIED somebody's share of it is. */
AL_MUST_USE enum al_err ledger_queue_add(struct ledger *ledger, const struct ledger_asking *asking, ledger_side_fn done,
					 void *arg);
AL_MUST_USE enum al_err ledger_queue_list(struct ledger *ledger, ledger_side_fn done, void *arg);
/* What became of the text of that hash: status. AL_ENOTFOUND: nothing that is remembered. */
AL_MUST_USE enum al_err ledger_queue_status(struct ledger *ledger, const uint8_t hash[static AL_HASH_LEN],
					    ledger_side_fn done, void *arg);
/* The request of that hash, as ledger_queue_get() gives it. */
AL_MUST_USE enum al_err ledger_queue_find(struct ledger *ledger, const uint8_t hash[static AL_HASH_LEN],
					  ledger_side_fn done, void *arg);
AL_MUST_USE enum al_err ledger_queue_get(struct ledger *ledger, uint64_t id, ledger_side_fn done, void *arg);
/* As ledger_side_erase(): the text may hold contact blocks. The reason is kept for whoever asks for the status. */
AL_MUST_USE enum al_err ledger_queue_drop(struct ledger *ledger, uint64_t id, struct al_slice reason,
					  const struct ledger_once *once, ledger_side_fn done, void *arg);
/* All of one sender at once: a word of `who`, or "from=N", whoever sent request N. AL_ENOTFOUND: there is none. */
AL_MUST_USE enum al_err ledger_queue_drop_all(struct ledger *ledger, struct al_slice who, struct al_slice reason,
					      const struct ledger_once *once, ledger_side_fn done, void *arg);

#endif
