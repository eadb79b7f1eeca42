/* SPDX-License-Identifier: MIT */
/*
 * log.h -- one line an event on standard error: time level program event=... key=value.
 * In the journal, which knows the rest: <priority>event=... key=value.
 *
 * Remote text goes through al_log_quote(). Thread-safe. Never secret bytes.
 */
#ifndef ALAMO_LOG_H
#define ALAMO_LOG_H

#include "alamo/base/slice.h"

enum al_log_level { AL_LOG_DEBUG, AL_LOG_INFO, AL_LOG_WARN, AL_LOG_ERROR };

void al_log_init(const char *program, enum al_log_level least);
void al_log_least(enum al_log_level least); /* from now on; any thread */
/* "debug", "info", "warn", "error"; anything else is info. */
enum al_log_level al_log_level_of(const char *name);
/* al_log(AL_LOG_INFO, "ledger-open", "size=%" PRIu64 " path=%s", size, path) */
void al_log(enum al_log_level level, const char *event, const char *fmt, ...) AL_PRINTF(3, 4);
/* Remote text made safe and short: printable ASCII in double quotes, at most 100 bytes. Returns out. */
#define AL_LOG_QUOTE_LEN 128
const char *al_log_quote(struct al_slice text, char out[static AL_LOG_QUOTE_LEN]);

#endif
