/* SPDX-License-Identifier: MIT */
/*
 * recover.h -- bring a restored ledger forward from another copy of its log.
 */
#ifndef REGISTRY_RECOVER_H
#define REGISTRY_RECOVER_H

/*
 * Follow the log stream at `address` (a path, or a numeric HOST:PORT), or read
 * the published log in the folder `address`, from the ledger's size on, verify, and append what comes, entries and checkpoints
 * verbatim, until the stream has no more. Done when that reaches all that the
 * guard knows to be signed; without a guard one is made. `side` (may be NULL):
 * file with what was kept beside the log (ledger_side_save()). Whom $NOTIFY_SOCKET names (notify.h) is told how far it is:
 * X_ALAMO_STEP (checking, taking), X_ALAMO_DONE and X_ALAMO_TOTAL, entries; total 0: not known. Result: exit code.
 */
int recover_main(const char *conf_path, const char *address, const char *side);

#endif
