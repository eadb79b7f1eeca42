/* SPDX-License-Identifier: MIT */
/* reason.c -- a verdict over a view. */
#include "reason.h"

#include <stdlib.h>

#include "entries.h"

static void put_signers(const void *arg, uint64_t index, struct al_buf *out)
{
	struct whois_entry entry;

	if (whois_entries_get(arg, index, &entry) != AL_OK)
		return;
	for (unsigned i = 0; i < entry.signers && i < AL_REQUEST_SIGNATURES_MAX; i++)
		al_buf_printf(out, "%s%s", i > 0 ? " " : "", entry.signer[i]);
}

struct why *whois_reason(const struct whois_view *view, struct al_slice text)
{
	struct why *why = calloc(1, sizeof(*why));

	if (why == NULL || why_parse(text, why) != AL_OK) {
		free(why);
		return NULL;
	}
	why->signers = view->entries != NULL ? put_signers : NULL;
	why->arg = view->entries;
	why_look(why, view->state);
	return why;
}
