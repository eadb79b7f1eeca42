/* SPDX-License-Identifier: MIT */
/* error.h -- refusals, in the RIPE database's numbers. */
#ifndef WHOIS_ERROR_H
#define WHOIS_ERROR_H

#include "alamo/base/slice.h"

struct whois_error {
	unsigned number;
	struct al_slice subject; /* the part of the line that it is about, or empty */
};

/* What the number means, in a few words; never NULL. */
const char *whois_error_text(unsigned number);
/* What to do about it: one sentence or two. */
const char *whois_error_advice(unsigned number);

#endif
