/* links: alamo_follow */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_witness.c -- policies and cosigned notes of strangers. The first byte
 * chooses; a policy that parses answers the same for every note twice.
 */
#include <stdlib.h>

#include "alamo/tlog/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char vkey[] = "witness.example/w1+6c2cc812+BNop6VsC4A/6FWRXdfsdK6IioZQzle6ga5TiwFe3vmnQ";

static void policy_try(struct al_slice text)
{
	struct al_policy *policy;
	char why[128];

	if (al_policy_parse(text, &policy, why, sizeof(why)) != AL_OK)
		return;
	/* More witnesses never make less of a quorum. */
	if (al_policy_quorum(policy, 0) && !al_policy_quorum(policy, UINT32_MAX))
		abort();
	for (size_t i = 0; i < al_policy_witnesses(policy); i++)
		if (al_policy_quorum(policy, 1u << i) && !al_policy_quorum(policy, UINT32_MAX))
			abort();
	al_policy_free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_slice rest = al_slice_from(al_slice_of(data, size), 1);
	struct al_vkey witness;
	uint64_t time;

	if (size == 0)
		return 0;
	if (data[0] == 'p') {
		policy_try(rest);
		return 0;
	}
	if (al_witness_vkey_parse(al_slice_str(vkey), &witness) != AL_OK)
		abort();
	if (al_cosigned(rest, &witness, &time) == AL_OK && !al_slice_ends(rest, "\n"))
		abort();
	return 0;
}
