/* SPDX-License-Identifier: MIT */
/*
 * verify.c -- who signed. Pure: keys come out, what they may do is policy's.
 */
#include "decision.h"

static const char *reason(enum al_err err)
{
	switch (err) {
	case AL_EUNSUPPORTED:
		return "is by a key type or hash that is not taken (ssh-ed25519 and sk-ssh-ed25519 are)";
	case AL_EVERIFY:
		return "does not verify: other text, other namespace, or not by the key in it";
	default:
		return "is malformed";
	}
}

static bool known(const struct decision *d, const struct al_sshkey *key)
{
	for (size_t i = 0; i < d->key_count; i++)
		if (al_sshkey_eq(&d->keys[i], key))
			return true;
	return false;
}

/* Its text is made once, here, so that rules compare it with auth: values as they stand. */
static void signer_add(struct decision *d, const struct al_sshkey *key)
{
	struct al_buf text;

	al_buf_init(&text, DECISION_KEY_LEN);
	al_sshkey_format(key, &text);
	if (text.err == AL_OK)
		text.err = al_slice_copy(al_buf_view(&text), d->key_texts[d->key_count], DECISION_KEY_LEN);
	if (text.err == AL_OK)
		d->keys[d->key_count++] = *key;
	else
		d->report.err = text.err;
	al_buf_release(&text);
}

void verify_signatures(struct decision *d, struct al_slice ns)
{
	struct al_sshkey key;

	if (d->request.signature_count == 0)
		al_report_add(&d->report, AL_ERROR, AL_REPORT_WHOLE, AL_REPORT_WHOLE, "AUTH-SIGNATURE",
			      "the request has no signature: add one made by ssh-keygen -Y sign -n %.*s", AL_FMT(ns));
	for (size_t i = 0; i < d->request.signature_count; i++) {
		enum al_err err = al_sshsig_verify(d->request.signature[i], ns, d->request.text, &key);

		if (err == AL_ENOMEM)
			d->report.err = err;
		else if (err != AL_OK)
			al_report_add(&d->report, AL_ERROR, AL_REPORT_WHOLE, AL_REPORT_WHOLE, "AUTH-SIGNATURE",
				      "signature %zu %s (namespace %.*s)", i + 1, reason(err), AL_FMT(ns));
		else if (!known(d, &key))
			signer_add(d, &key);
	}
}
