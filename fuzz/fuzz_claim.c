/* links: alamo_rpsl */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_claim.c -- a claim key on the first line, a proof on the second: what is
 * taken has one canonical form, and no bytes verify by chance.
 */
#include <stdlib.h>

#include "alamo/rpsl/claim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void canonical(enum al_err (*form)(struct al_slice, struct al_buf *), struct al_slice text)
{
	struct al_buf once, twice;

	al_buf_init(&once, 1u << 16);
	al_buf_init(&twice, 1u << 16);
	if (form(text, &once) == AL_OK) {
		must(form(al_buf_view(&once), &twice) == AL_OK);
		must(al_slice_eq(al_buf_view(&once), al_buf_view(&twice)));
	}
	al_buf_release(&once);
	al_buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_slice rest = al_slice_of(data, size), key;

	(void)al_slice_cut(&rest, '\n', &key);
	canonical(al_claim_key_canon, key);
	canonical(al_claim_proof_canon, al_slice_trim(rest));
	must(al_claim_verify(al_slice_trim(rest), key, AL_S("claim@fuzz"), AL_S("never signed")) != AL_OK);
	return 0;
}
