/* SPDX-License-Identifier: MIT */
/* follow_place.c -- see follow_place.h. */
#include "follow_place.h"

#include <event2/util.h>
#include <netinet/in.h>
#include <string.h>

/* A path has a '/' or no ':'. */
static enum al_err address_parse(struct al_slice word, struct follow_place *out)
{
	char text[sizeof(out->addr.local.sun_path)];
	enum al_err err = al_slice_copy(word, text, sizeof(text));
	bool numbered;

	if (err != AL_OK || text[0] == '\0')
		return AL_EINVAL;
	out->len = (int)sizeof(out->addr.storage);
	if (strchr(text, '/') != NULL || strchr(text, ':') == NULL) {
		out->addr.local.sun_family = AF_UNIX;
		out->len = (int)sizeof(out->addr.local);
		return al_slice_copy(word, out->addr.local.sun_path, sizeof(out->addr.local.sun_path));
	}
	if (evutil_parse_sockaddr_port(text, &out->addr.any, &out->len) != 0)
		return AL_EINVAL;
	numbered = out->addr.any.sa_family == AF_INET ? ((struct sockaddr_in *)&out->addr)->sin_port != 0
						      : ((struct sockaddr_in6 *)&out->addr)->sin6_port != 0;
	return numbered ? AL_OK : AL_EINVAL;
}

enum al_err follow_places_parse(const char *text, struct follow_place places[static AL_FOLLOW_ADDRESSES], size_t *count)
{
	struct al_slice rest = al_slice_str(text), word;
	enum al_err err = AL_OK;
	bool more = true;

	*count = 0;
	while (err == AL_OK && more) {
		more = al_slice_cut(&rest, ',', &word);
		if (*count == AL_FOLLOW_ADDRESSES)
			return AL_EINVAL;
		err = address_parse(al_slice_trim(word), &places[(*count)++]);
	}
	return err;
}
