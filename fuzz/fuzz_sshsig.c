/* links: alamo_follow */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_sshsig.c -- armored signatures and public key lines. What verifies for
 * one message must not verify for another; what parses as a key must come back.
 */
#include <stdlib.h>

#include "alamo/rpsl/sshsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_slice input = al_slice_of(data, size);
	char fingerprint[AL_SSH_FINGERPRINT_LEN];
	struct al_sshkey key, again;
	struct al_buf line;

	if (al_sshsig_verify(input, AL_S("registry@alamo"), AL_S("one\n"), &key) == AL_OK &&
	    al_sshsig_verify(input, AL_S("registry@alamo"), AL_S("two\n"), &key) == AL_OK)
		abort();
	if (al_sshkey_parse(input, &key) != AL_OK)
		return 0;
	al_buf_init(&line, 2048);
	al_sshkey_format(&key, &line);
	if (line.err != AL_OK || al_sshkey_parse(al_buf_view(&line), &again) != AL_OK || !al_sshkey_eq(&key, &again))
		abort();
	al_sshkey_fingerprint(&key, fingerprint);
	al_buf_release(&line);
	return 0;
}
