/* SPDX-License-Identifier: MIT */
/*
 * settings.h -- where the client finds its registry, its WHOIS server and its key.
 *
 * Option, then environment, then the configuration (`config` in HOME_CONFIG: lines
 * "server = ...", "whois = ...", "key = ...", "patience = ..."), then the default. What is wrong with
 * the file is said on standard error.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "alamo/base/slice.h"

#define SETTING_MAX 1024

/* `option` may be NULL. Results are C strings in out. */
AL_MUST_USE enum al_err settings_server(const char *option, char out[static SETTING_MAX]);
/* Empty: nobody said; the registry knows (network.h). */
AL_MUST_USE enum al_err settings_whois(const char *option, char out[static SETTING_MAX]);
/* ~/.ssh/id_ed25519 by default; whether it exists is not looked at. */
AL_MUST_USE enum al_err settings_key(const char *option, char out[static SETTING_MAX]);

/*
 * How long anybody is waited for, in milliseconds: for each whole answer, file or verified head, however steadily its bytes
 * drip. $ALAMO_PATIENCE, `patience`, 60 seconds.
 */
AL_MUST_USE enum al_err settings_patience(uint64_t *ms);

/* Of a person who has just joined; NULL leaves one out. */
struct settings {
	const char *server, *whois, *key;
};
/*
 * Writes them to the configuration, below what it says already. AL_EEXIST: it names another server, and stays as it is.
 * AL_OK too when it names this one already.
 */
AL_MUST_USE enum al_err settings_save(const struct settings *settings);

/*
 * "HOST:PORT", "[HOST]:PORT" or "HOST" with `port` (may be NULL: then it must be given) taken apart.
 * AL_EINVAL; AL_ELIMIT: the port is no number up to 65535.
 */
AL_MUST_USE enum al_err settings_split(const char *address, const char *port, char host[static SETTING_MAX],
				       char service[static 16]);
/* The same for an address that is connected to; says what is wrong. `what` as "the registry's address". */
AL_MUST_USE enum al_err settings_peer(const char *what, const char *address, const char *port,
				      char host[static SETTING_MAX], char service[static 16]);

#endif
