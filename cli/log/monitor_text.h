/* SPDX-License-Identifier: MIT */
/*
 * monitor_text.h -- an event in words, for people: as a mail, in a feed.
 */
#ifndef CLI_MONITOR_TEXT_H
#define CLI_MONITOR_TEXT_H

#include "monitor_event.h"

#define MONITOR_TITLE_MAX 200         /* bytes, with the NUL */
#define MONITOR_TEXT_MAX (256u << 10) /* of the words; what is longer is cut, and says so */

/* One line of printable ASCII: nothing that a member wrote can end it, or begin another. */
void monitor_text_title(const struct monitor_event *event, char title[static MONITOR_TITLE_MAX]);
/* Who signed, and each object before and after; at most `max` bytes and a line that says what is left out. */
void monitor_text_put(const struct monitor_event *event, size_t max, struct al_buf *out);

/* A whole message (RFC 5322) to `address`, with the proof as a file. */
void monitor_mail_put(const struct monitor_event *event, const char *address, uint64_t now_s, struct al_buf *out);
/* One address of printable ASCII, which stands in a header as it is. */
bool monitor_mail_address_ok(const char *address);

#endif
