/* SPDX-License-Identifier: MIT */
/*
 * base.c -- names of the result codes.
 */
#include "alamo/base/base.h"

const char *al_err_name(enum al_err err)
{
	static const char *const names[] = {
		[AL_OK] = "ok",
		[AL_ENOMEM] = "no-memory",
		[AL_EINVAL] = "malformed",
		[AL_ELIMIT] = "over-limit",
		[AL_ENOTFOUND] = "not-found",
		[AL_EEXIST] = "exists",
		[AL_ESTALE] = "stale",
		[AL_EVERIFY] = "not-verified",
		[AL_EFORK] = "fork",
		[AL_EDENIED] = "denied",
		[AL_EAGAIN] = "try-again",
		[AL_ECLOSED] = "closed",
		[AL_EIO] = "storage-failed",
		[AL_ESYS] = "system",
		[AL_EUNSUPPORTED] = "unsupported",
	};

	return (size_t)err < AL_COUNT(names) && names[err] != NULL ? names[err] : "unknown";
}
