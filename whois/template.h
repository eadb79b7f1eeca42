/* SPDX-License-Identifier: MIT */
/*
 * template.h -- what the server says about itself and its classes: -t, -v,
 * -q and help. Everything comes from the schema table.
 */
#ifndef WHOIS_TEMPLATE_H
#define WHOIS_TEMPLATE_H

#include "alamo/base/buf.h"
#include "alamo/rpsl/schema.h"

void whois_put_template(enum al_class cls, bool verbose, struct al_buf *out);
void whois_put_types(struct al_buf *out);
void whois_put_help(struct al_buf *out);

#endif
