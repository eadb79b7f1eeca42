/* SPDX-License-Identifier: MIT */
/*
 * text.h -- an object as it is shown: its text with the attributes that are
 * generated (created, last-modified, the state of its origin).
 */
#ifndef WHOIS_TEXT_H
#define WHOIS_TEXT_H

#include "history.h"
#include "validity.h"

struct whois_shown {
	struct al_slice text;
	uint64_t created, time; /* Unix seconds */
	enum validity origin;
};

struct whois_shown whois_shown_object(const struct al_object *object, enum validity origin);
struct whois_shown whois_shown_version(const struct whois_version *version);
/* `brief`: attributes by their two letters (-F). */
void whois_put_shown(const struct whois_shown *shown, bool brief, struct al_buf *out);
/* One line of an object's text. */
void whois_put_line(struct al_slice line, bool brief, struct al_buf *out);

#endif
