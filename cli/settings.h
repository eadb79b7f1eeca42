/*
 * settings.h -- where the client finds its registry, its WHOIS server and its key.
 *
 * Option, then environment, then ~/.config/alamo/config (an ini file of
 * `server`, `whois` and `key` lines), then the default.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "alamo/base/slice.h"

#define SETTING_MAX 1024

/* `option` may be NULL. Results are C strings in out. */
AL_MUST_USE enum al_err settings_server(const char *option, char out[static SETTING_MAX]);
AL_MUST_USE enum al_err settings_whois(const char *option, char out[static SETTING_MAX]);
/* ~/.ssh/id_ed25519 by default; whether it exists is not looked at. */
AL_MUST_USE enum al_err settings_key(const char *option, char out[static SETTING_MAX]);

/* "HOST:PORT", "[HOST]:PORT" or "HOST" with `port` (may be NULL: then it must be given) taken apart. */
AL_MUST_USE enum al_err settings_split(const char *address, const char *port, char host[static SETTING_MAX],
				       char service[static 16]);

#endif
