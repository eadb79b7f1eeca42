/* SPDX-License-Identifier: MIT */
/*
 * signer.h -- the process that holds the log's key, and nothing else.
 *
 * signer_start() forks a child that reads the key itself: the seed is never in
 * the caller's memory. The child keeps it in locked pages, cannot be dumped or
 * traced, may only read and write on its socket and its guard file (seccomp),
 * and ends with its parent. It signs checkpoints of one log and refuses those
 * that guard.h forbids.
 *
 * Call signer_start() before there are threads, sockets or event bases.
 */
#ifndef REGISTRY_SIGNER_H
#define REGISTRY_SIGNER_H

#include "guard.h"
#include "ledger/ledger.h"

struct al_conf;
struct signer;

/*
 * Key and guard beside each other: [registry] log-key, and its name with
 * ".guard" for ".key". Failures are logged with what to do about them.
 */
AL_MUST_USE enum al_err signer_start(const struct al_conf *conf, enum guard_mode mode, struct signer **out);
/* The guard is brought up to date, the child ends. NULL is allowed. Close the ledger before. */
void signer_stop(struct signer *signer);
/* After a failed founding: stop, and remove the guard that signer_start() made. */
void signer_discard(struct signer *signer);

const struct al_vkey *signer_key(const struct signer *signer);
/* What ledger_open() takes. */
struct ledger_signer signer_face(struct signer *signer);
/* Newest checkpoint that the guard knew to be durable when the signer was started, or that begin() has given it since. */
struct al_checkpoint signer_kept(const struct signer *signer);
/* Becomes readable when the child is gone; -1: this system cannot tell. */
int signer_watch(const struct signer *signer);

/* A signer in this process, without a guard: for tests and benches. `key` is borrowed. */
struct ledger_signer signer_local(struct al_skey *key);

#endif
