/* SPDX-License-Identifier: MIT */
/*
 * nrtm4_key.h -- the folder of keys that notifications are signed with: current.pem, and perhaps next.pem, which takes its
 * place one day (draft-ietf-grow-nrtm-v4 on key rotation). Files, so that a key is exchanged by renaming one.
 */
#ifndef WHOIS_NRTM4_KEY_H
#define WHOIS_NRTM4_KEY_H

#include "jws.h"

#define NRTM4_KEY "current.pem"
#define NRTM4_KEY_NEXT "next.pem"

/* AL_ENOTFOUND: no such file. AL_EINVAL: not a private key on P-256 in PEM, which is logged. */
AL_MUST_USE enum al_err nrtm4_key_read(const char *folder, const char *name, struct jws_key **out);
/* Public half, PEM, appended. */
AL_MUST_USE enum al_err nrtm4_key_public(const char *folder, const char *name, struct al_buf *pem);
/* Makes current.pem where there is none; logs what is in the way. */
void nrtm4_key_ensure(const char *folder);

#endif
