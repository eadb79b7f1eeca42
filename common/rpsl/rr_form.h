/* SPDX-License-Identifier: MIT */
/*
 * rr_form.h -- what the files of the record table share.
 */
#ifndef COMMON_RR_FORM_H
#define COMMON_RR_FORM_H

#include "alamo/base/wire.h"
#include "rr_text.h"

#define RR_TEXT_MAX 8192 /* bytes of one record's data as text: a line of a request */
#define RR_TOO_LONG "the record's data is longer than 4096 bytes"

/* What is said of a type that is not in the table, with the names of those that are. */
extern const char rr_not_hosted[];
/* Must the owner of such a record be the name of a host? */
bool rr_owner_is_host(uint16_t type);
/* SvcParams to the end of the data (RFC 9460 section 2.1), in the order of their keys. `alias`: priority 0. */
enum al_err rr_params_parse(struct rr_text *t, bool alias, struct al_buf *wire);
enum al_err rr_params_format(struct al_reader *r, struct al_buf *out);
/* What is wrong with NAPTR data that has the form of its fields, or NULL. */
const char *rr_naptr_check(struct al_slice wire);
/* All of LOC data (RFC 1876 section 3). */
enum al_err rr_loc_parse(struct rr_text *t, struct al_buf *wire);
enum al_err rr_loc_format(struct al_reader *r, struct al_buf *out);
/* Is it a URI template (RFC 6570) with this very expression, without its braces? */
bool rr_template_ok(struct al_slice text, const char *expression);

#endif
