/* SPDX-License-Identifier: MIT */
/*
 * rr_template.c -- URI templates (RFC 6570), as far as the value of dohpath= has them.
 */
#include <ctype.h>
#include <string.h>

#include "alamo/base/text.h"
#include "rr_form.h"

static bool variable_ok(struct al_slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!isalnum((unsigned char)name.ptr[i]) && name.ptr[i] != '_')
			return false;
	return name.len > 0;
}

/*
 * What stands between braces (RFC 6570 section 2.2): an operator, and variables. Modifiers, dots and escapes in names are left
 * out: BIND's parser of wire data refuses some of them, and with them the whole zone.
 */
static bool expression_ok(struct al_slice text)
{
	struct al_slice name;

	if (text.len > 0 && strchr("+#./;?&", text.ptr[0]) != NULL)
		text = al_slice_from(text, 1);
	for (bool more = true; more;) {
		more = al_slice_cut(&text, ',', &name);
		if (!variable_ok(name))
			return false;
	}
	return true;
}

/* What stands outside of them: no brace, and '%' only before two hex digits. */
static bool literal_ok(struct al_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '}')
			return false;
		if (text.ptr[i] == '%' && (text.len - i < 3 || !isxdigit((unsigned char)text.ptr[i + 1]) ||
					   !isxdigit((unsigned char)text.ptr[i + 2])))
			return false;
	}
	return true;
}

bool rr_template_ok(struct al_slice text, const char *expression)
{
	struct al_slice part;
	bool found = false;

	for (bool more = true; more;) {
		more = al_slice_cut(&text, '{', &part);
		if (!literal_ok(part))
			return false;
		if (more && (!al_slice_cut(&text, '}', &part) || !expression_ok(part)))
			return false;
		found = found || (more && al_slice_is(part, expression));
	}
	return found;
}
