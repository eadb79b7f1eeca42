/* links: alamo_cli -- rules of dn42's registry, as lines */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "roa/dn42_filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dn42_filter filter = { .rules = NULL };
	unsigned line;

	if (dn42_filter_read(&filter, al_slice_of(data, size), &line) == AL_OK)
		for (size_t i = 0; i < filter.count; i++) {
			const struct dn42_rule *rule = &filter.rules[i];
			const struct dn42_rule *found = dn42_filter_find(&filter, &rule->prefix);

			/* In order, each of one family with lengths of it, and never hidden by a later one. */
			if ((i > 0 && filter.rules[i - 1].number > rule->number) || rule->min > rule->max ||
			    rule->max > rule->prefix.bits || found == NULL || found > rule)
				abort();
		}
	dn42_filter_release(&filter);
	return 0;
}
