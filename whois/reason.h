/* SPDX-License-Identifier: MIT */
/* reason.h -- "why PREFIX AS", with who signed as far as it is kept (origins/why.h). */
#ifndef WHOIS_REASON_H
#define WHOIS_REASON_H

#include "lookup.h"
#include "why.h"

/* Looked at, for the caller to free; NULL: not a prefix and an AS number, or no memory. Good for as long as the view. */
struct why *whois_reason(const struct whois_view *view, struct al_slice text);

#endif
