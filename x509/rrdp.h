/* SPDX-License-Identifier: MIT */
/*
 * rrdp.h -- publications as RRDP tells them (RFC 8182): notification, snapshot and delta, as text.
 *
 * URIs have no characters that XML would want otherwise (publisher.c).
 */
#ifndef X509_RRDP_H
#define X509_RRDP_H

#include "issued.h"
#include "publisher.h"

#define RRDP_TEXT_MAX ((size_t)1 << 30)
#define RRDP_PATH_MAX 160

/* A history of its own for whoever begins to publish this log with this number: a UUID of version 4 by form. */
void rrdp_session(const struct al_vkey *log, uint64_t number, char out[static ISSUED_SESSION_LEN]);

/* Where the file is, beside the notification file: a name that nobody knows before it is there. */
void rrdp_snapshot_path(const struct issued *issued, char out[static RRDP_PATH_MAX]);
void rrdp_delta_path(const struct issued *issued, const struct issued_delta *delta, char out[static RRDP_PATH_MAX]);

enum rrdp_kind { RRDP_SNAPSHOT, RRDP_DELTA };
void rrdp_open(struct al_buf *out, enum rrdp_kind kind, const struct issued *issued);
/* `replaces` NULL: it is new. */
void rrdp_publish(struct al_buf *out, const char *uri, const struct al_hash *replaces, struct al_slice bytes);
void rrdp_withdraw(struct al_buf *out, const char *uri, const struct al_hash *was);
void rrdp_close(struct al_buf *out, enum rrdp_kind kind);

void rrdp_notification(struct al_buf *out, const struct publisher *publisher, const struct issued *issued);

/* Is the file fetched by RRDP? Not the anchor's own certificate, which its locator leads to. */
bool rrdp_has(const char *path);
/*
 * Takes `delta` to the front. Kept are as many before it as all together are no larger than the snapshot
 * (RFC 8182 section 3.3.2).
 */
void rrdp_keep(struct issued *next, const struct issued *before, const struct issued_delta *delta);

#endif
