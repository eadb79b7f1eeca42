/* SPDX-License-Identifier: MIT */
/* site.c -- the registry's HTTP service, as a browser finds it. */
#include "site.h"

#include <stdio.h>

#define ENDPOINTS "run/endpoints.d/alamo-registryd" /* what it wrote when it was ready */
#define FILE_BYTES_MAX 8192

/* "log-http ADDRESS:PORT" */
static bool port_of(struct al_slice text, uint64_t *port)
{
	struct al_slice line, part;

	while (al_slice_line(&text, &line))
		if (al_slice_starts(line, "log-http ")) {
			while (al_slice_cut(&line, ':', &part))
				;
			return al_slice_u64(part, UINT16_MAX, port) == AL_OK;
		}
	return false;
}

static bool port_read(const struct al_conf *conf, uint64_t *port)
{
	char path[4096], bytes[FILE_BYTES_MAX];
	FILE *file;
	size_t len;

	*port = al_conf_u64(conf, "registry", "http-port");
	if (*port != 0)
		return true;
	if (al_conf_path(conf, ENDPOINTS, path, sizeof(path)) != AL_OK || (file = fopen(path, "re")) == NULL)
		return false;
	len = fread(bytes, 1, sizeof(bytes), file);
	(void)fclose(file);
	return port_of(al_slice_of(bytes, len), port);
}

/* Without its port: "[::1]:4080" is "[::1]". */
static struct al_slice host_alone(struct al_slice host)
{
	size_t at = host.len;

	while (at > 0 && host.ptr[at - 1] != ':' && host.ptr[at - 1] != ']')
		at--;
	return at > 0 && host.ptr[at - 1] == ':' ? al_slice_head(host, at - 1) : host;
}

enum al_err whois_site_registry(const struct whois_site *site, struct al_slice host,
				char out[static WHOIS_SITE_URL_MAX])
{
	struct al_slice url = al_slice_str(al_conf_str(site->conf, "whois", "registry-url"));
	uint64_t port;
	int len;

	if (al_slice_ends(url, "/"))
		url.len--;
	if (url.len > 0)
		return al_slice_copy(url, out, WHOIS_SITE_URL_MAX);
	if (host.len == 0 || !port_read(site->conf, &port))
		return AL_ENOTFOUND;
	len = snprintf(out, WHOIS_SITE_URL_MAX, "http://%.*s:%u", AL_FMT(host_alone(host)), (unsigned)port);
	return len > 0 && len < WHOIS_SITE_URL_MAX ? AL_OK : AL_ELIMIT;
}
