/* SPDX-License-Identifier: MIT */
/*
 * http_tls.h -- the connection under https: OpenSSL's, below libevent's client.
 */
#ifndef CLI_HTTP_TLS_H
#define CLI_HTTP_TLS_H

struct bufferevent;
struct event_base;

/*
 * Not connected yet; belongs to the base. The server's certificate has to be for `host`, a name or an address, and
 * signed by whom OpenSSL trusts ($SSL_CERT_FILE, $SSL_CERT_DIR, the system's). NULL: no memory.
 */
struct bufferevent *http_tls_new(struct event_base *base, const char *host);

#endif
