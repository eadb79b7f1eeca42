/* SPDX-License-Identifier: MIT */
/*
 * tls.h -- what a listener shows to those who connect over TLS, and whom it lets in.
 *
 * TLS 1.2 and 1.3, without resumption, early data, renegotiation. Handshakes have the loop for a few milliseconds at a time and
 * stand in a queue meanwhile, so that a crowd of them delays nobody else. With authorities for clients each one has
 * to show a certificate of theirs that names the address it comes from (RFC 8210 section 9.2).
 */
#ifndef ALAMO_TLS_H
#define ALAMO_TLS_H

#include "alamo/net/loop.h"

struct al_tls;

/* Descriptors of PEM files, read from where they stand and not closed. */
struct al_tls_files {
	int certificate; /* with what leads to its authority behind it */
	int key;         /* without a passphrase */
	int client_ca;   /* and revocation lists, which then are needed for each of them; -1: everybody is let in */
};

AL_MUST_USE enum al_err al_tls_new(struct al_loop *loop, struct al_tls **out);
void al_tls_free(struct al_tls *tls); /* after the listeners that have it; NULL is allowed */
/* From the next connection on. Not NULL: why not, and what was there stays; the text is good until the next call. */
AL_MUST_USE const char *al_tls_load(struct al_tls *tls, const struct al_tls_files *files);
/* Of the certificate, Unix seconds; 0: nothing is loaded. */
uint64_t al_tls_since(const struct al_tls *tls);
uint64_t al_tls_end(const struct al_tls *tls);

#endif
