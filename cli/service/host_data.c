/* SPDX-License-Identifier: MIT */
/*
 * host_data.c -- records that are computed from a certificate and from a host key.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <string.h>

#include "alamo/base/sha.h"
#include "command.h"
#include "file.h"
#include "host.h"

#define PEM_MAX 1048576u

static void digest_put(struct al_slice bytes, struct al_buf *out)
{
	uint8_t digest[AL_HASH_LEN];
	char hex[2 * sizeof(digest) + 1];

	al_sha256(&bytes, 1, digest);
	sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	al_buf_str(out, hex);
}

static bool spki_put(const struct al_buf *pem, struct al_buf *out)
{
	BIO *bio = BIO_new_mem_buf(pem->ptr, (int)pem->len);
	X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	unsigned char *spki = NULL;
	int len = cert != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki) : 0;

	if (len > 0) {
		al_buf_str(out, "3 1 1 ");
		digest_put(al_slice_of(spki, (size_t)len), out);
	}
	OPENSSL_free(spki);
	X509_free(cert);
	BIO_free(bio);
	return len > 0;
}

enum al_err host_tlsa(const char *path, struct al_buf *out)
{
	struct al_buf pem;
	enum al_err err;

	al_buf_init(&pem, PEM_MAX);
	err = file_read(path, &pem);
	if (err == AL_OK && !spki_put(&pem, out))
		err = AL_EINVAL;
	if (err != AL_OK)
		command_fail(CLI_USAGE, "--tls: %s is no certificate (PEM) that can be read", path);
	al_buf_release(&pem);
	return err;
}

/* The numbers of IANA's "DNS SSHFP Resource Record Parameters". */
static unsigned sshfp_algorithm(struct al_slice type)
{
	static const struct {
		const char *type;
		unsigned number;
	} algorithms[] = { { "ssh-rsa", 1 },
			   { "ecdsa-sha2-nistp256", 3 },
			   { "ecdsa-sha2-nistp384", 3 },
			   { "ecdsa-sha2-nistp521", 3 },
			   { "ssh-ed25519", 4 } };

	for (size_t i = 0; i < AL_COUNT(algorithms); i++)
		if (al_slice_is(type, algorithms[i].type))
			return algorithms[i].number;
	return 0;
}

enum al_err host_sshfp(const char *path, struct al_buf *out)
{
	static uint8_t key[16384];
	struct al_slice rest, type = AL_S(""), blob = AL_S("");
	struct al_buf text;
	enum al_err err;
	size_t len = 0;

	al_buf_init(&text, PEM_MAX);
	err = file_read(path, &text);
	rest = al_buf_view(&text);
	if (err == AL_OK && (!al_slice_word(&rest, "", &type) || !al_slice_word(&rest, "", &blob) ||
			     sshfp_algorithm(type) == 0 || al_slice_base64(blob, key, sizeof(key), &len) != AL_OK))
		err = AL_EINVAL;
	if (err == AL_OK) {
		al_buf_printf(out, "%u 2 ", sshfp_algorithm(type));
		digest_put(al_slice_of(key, len), out);
	} else {
		command_fail(CLI_USAGE, "--ssh: %s is no public host key, as /etc/ssh/ssh_host_ed25519_key.pub is",
			     path);
	}
	al_buf_release(&text);
	return err;
}
