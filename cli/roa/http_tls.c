/* SPDX-License-Identifier: MIT */
/*
 * http_tls.c -- see http_tls.h.
 */
#include "http_tls.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "alamo/base/slice.h"

/* An address is compared with the addresses of the certificate, and is no server name (RFC 6066 section 3). */
static bool whom(SSL *ssl, const char *host)
{
	char name[256];

	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1)
		return true;
	return al_slice_copy(al_slice_str(host), name, sizeof(name)) == AL_OK && SSL_set1_host(ssl, name) == 1 &&
	       SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct bufferevent *http_tls_new(struct event_base *base, const char *host)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
	struct bufferevent *bev = NULL;

	if (ssl != NULL && SSL_CTX_set_default_verify_paths(ctx) == 1 && whom(ssl, host)) {
		SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
		bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	}
	if (bev != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1); /* HTTP has its own ends */
	else
		SSL_free(ssl);
	SSL_CTX_free(ctx); /* the connection holds it */
	return bev;
}
