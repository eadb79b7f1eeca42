/* SPDX-License-Identifier: MIT */
/* share.c -- a lock that lets the writer through, and two counters. */
#include "share.h"

#include <assert.h>
#include <stdlib.h>

enum al_err whois_share_new(struct whois_share **out)
{
	struct whois_share *share = calloc(1, sizeof(*share));
	pthread_rwlockattr_t attr;
	int rc;

	if (share == NULL || pthread_rwlockattr_init(&attr) != 0) {
		free(share);
		return AL_ENOMEM;
	}
	/* Else those who read, one behind the other, may keep him out for ever. */
	rc = pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	if (rc == 0)
		rc = pthread_rwlock_init(&share->lock, &attr);
	(void)pthread_rwlockattr_destroy(&attr);
	if (rc != 0) {
		free(share);
		return AL_ENOMEM;
	}
	*out = share;
	return AL_OK;
}

void whois_share_free(struct whois_share *share)
{
	if (share == NULL)
		return;
	(void)pthread_rwlock_destroy(&share->lock);
	free(share);
}

/* These calls fail only where they are used wrongly. */
static void must(int rc)
{
	assert(rc == 0);
	(void)rc;
}

void whois_share_begin(struct whois_share *share)
{
	must(pthread_rwlock_wrlock(&share->lock));
}

void whois_share_end(struct whois_share *share)
{
	must(pthread_rwlock_unlock(&share->lock));
}

void whois_share_read(struct whois_share *share)
{
	must(pthread_rwlock_rdlock(&share->lock));
}

void whois_share_unread(struct whois_share *share)
{
	must(pthread_rwlock_unlock(&share->lock));
}

bool whois_share_expand(struct whois_share *share)
{
	unsigned now = atomic_load_explicit(&share->expansions, memory_order_relaxed);

	do {
		if (now >= WHOIS_EXPANSIONS_MAX)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&share->expansions, &now, now + 1, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

void whois_share_expanded(struct whois_share *share)
{
	(void)atomic_fetch_sub_explicit(&share->expansions, 1, memory_order_relaxed);
}
