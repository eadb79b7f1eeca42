/*
 * answer.c -- renders answers: header, objects or an error, footer.
 *
 * Everything is written into one bounded buffer, so that the connection makes
 * one write an answer. Text of the client is echoed as printable ASCII only.
 */
#include "answer.h"

#include <inttypes.h>

#include "template.h"

#define ECHO_MAX 100

void whois_put_printable(struct al_slice text, struct al_buf *out)
{
	size_t i;

	for (i = 0; i < text.len && i < ECHO_MAX; i++)
		al_buf_u8(out, text.ptr[i] >= 0x20 && text.ptr[i] <= 0x7e ? (uint8_t)text.ptr[i] : '?');
	if (text.len > ECHO_MAX)
		al_buf_str(out, "...");
}

static void put_header(const struct whois_view *view, struct al_buf *out)
{
	if (al_state_registry(view->state) != NULL)
		al_buf_printf(out, "%% This is the %.*s registry query service.\n", AL_FMT(whois_view_source(view)));
	else
		al_buf_str(out, "% This is the registry query service.\n");
	al_buf_str(out, "% Objects are in RPSL form; \"help\" explains the flags.\n\n");
}

static void put_footer(const struct whois_view *view, struct al_buf *out)
{
	if (view->head.size > 0) {
		al_buf_printf(out, "%% log %" PRIu64 " ", view->head.size);
		al_buf_base64(out, view->head.root.b, sizeof(view->head.root.b));
		al_buf_str(out, "\n");
	}
	al_buf_str(out, "% This query was served by alamo-whoisd " ALAMO_VERSION "\n\n\n");
}

/* ---- objects ---- */

void whois_object_text(const struct al_object *object, struct al_buf *out)
{
	struct al_slice rest = al_object_text(object), line;
	char created[AL_TIME_STRLEN], changed[AL_TIME_STRLEN];

	al_time_format(object->created, created);
	al_time_format(object->time, changed);
	while (al_slice_line(&rest, &line)) {
		if (al_slice_starts(line, "source:"))
			al_buf_printf(out, "created:        %s\nlast-modified:  %s\n", created, changed);
		al_buf_slice(out, line);
		al_buf_u8(out, '\n');
	}
}

/* -K: what makes the key, and of sets what is in them. */
static void put_keys(const struct al_object *object, struct al_buf *out)
{
	struct al_slice rest = al_object_text(object), line, name, value;
	const struct al_attr_rule *rule;

	while (al_slice_line(&rest, &line)) {
		value = line;
		(void)al_slice_cut(&value, ':', &name);
		rule = al_class_rule((enum al_class)object->cls, name);
		if (rule == NULL || ((rule->flags & AL_PRIMARY) == 0 && !al_slice_is(name, "members") &&
				     !al_slice_is(name, "mp-members")))
			continue;
		al_buf_slice(out, line);
		al_buf_u8(out, '\n');
	}
}

static void put_object(const struct al_object *object, bool keys_only, struct al_buf *out)
{
	al_buf_printf(out, "%% Information related to '%.*s'\n\n", AL_FMT(al_object_key(object)));
	if (keys_only)
		put_keys(object, out);
	else
		whois_object_text(object, out);
	al_buf_str(out, "\n");
}

static void put_notes(const struct whois_result *result, struct al_buf *out)
{
	char text[AL_PREFIX_STRLEN];

	if (result->key_changed) {
		al_prefix_format(&result->key, text);
		al_buf_printf(out, "%%WARNING:905: host bits ignored\n%%\n%% Looked for %s.\n\n", text);
	}
	if (result->match_ignored)
		al_buf_str(out, "%WARNING:902: flag without effect\n%\n"
				"% -l, -L, -m and -M need an address or a prefix.\n\n");
}

static void put_truncated(size_t count, struct al_buf *out)
{
	al_buf_printf(out,
		      "%% Answer truncated after %zu objects. Narrow it: a longer prefix, -m for -M,\n"
		      "%% -T with one class, or another inverse key; -K gives the keys alone.\n\n",
		      count);
}

static void put_nothing(const struct whois_view *view, struct al_buf *out)
{
	al_buf_printf(out, "%%ERROR:101: no entries found\n%%\n%% No entries found in source %.*s.\n\n",
		      AL_FMT(whois_view_source(view)));
}

static void put_result(const struct whois_view *view, const struct whois_query *query,
		       const struct whois_result *result, struct al_buf *out)
{
	size_t start = out->len, before, i;

	put_notes(result, out);
	for (i = 0; i < result->count; i++) {
		before = out->len;
		put_object(result->items[i], query->keys_only, out);
		if (out->len - start > WHOIS_BODY_MAX) {
			out->len = before;
			break;
		}
	}
	if (result->truncated || i < result->count)
		put_truncated(i, out);
	if (result->count == 0)
		put_nothing(view, out);
}

/* ---- errors and the rest ---- */

static void put_error(const struct whois_error *error, struct al_buf *out)
{
	al_buf_printf(out, "%%ERROR:%03u: %s\n%%\n", error->number, whois_error_text(error->number));
	if (error->subject.len > 0) {
		al_buf_str(out, "% It is about \"");
		whois_put_printable(error->subject, out);
		al_buf_str(out, "\".\n");
	}
	if (error->number == 100)
		al_buf_str(out, "% The server is still fetching and checking the log. Try again soon.\n\n");
	else
		al_buf_str(out, "% Send \"help\" for the flags.\n\n");
}

void whois_answer_error(const struct whois_view *view, const struct whois_error *error, struct al_buf *out)
{
	put_header(view, out);
	put_error(error, out);
	put_footer(view, out);
}

static void put_found(const struct whois_view *view, const struct whois_query *query, struct al_buf *out)
{
	struct whois_error error = { 100, { NULL, 0 } };
	struct whois_result result;
	enum al_err err = AL_EINVAL;

	whois_result_init(&result);
	if (view->head.size > 0)
		err = whois_lookup(view, query, &result, &error);
	if (err == AL_ENOMEM)
		error.number = 0; /* "internal error" */
	if (err == AL_OK)
		put_result(view, query, &result, out);
	else
		put_error(&error, out);
	whois_result_release(&result);
}

static void put_sources(const struct whois_view *view, struct al_buf *out)
{
	static const struct whois_error not_ready = { 100, { NULL, 0 } };

	if (view->head.size == 0) {
		put_error(&not_ready, out);
		return;
	}
	/* NAME:version:mirroring:first-last, as NRTM clients know it; N: not by NRTM. */
	al_buf_printf(out, "%.*s:3:N:0-%" PRIu64 "\n\n", AL_FMT(whois_view_source(view)), view->head.size - 1);
}

void whois_answer(const struct whois_view *view, const struct whois_query *query, struct al_buf *out)
{
	put_header(view, out);
	switch (query->kind) {
	case WHOIS_LOOKUP:
	case WHOIS_INVERSE:
		put_found(view, query, out);
		break;
	case WHOIS_TEMPLATE:
	case WHOIS_VERBOSE:
		whois_put_template(query->cls, query->kind == WHOIS_VERBOSE, out);
		break;
	case WHOIS_SOURCES:
		put_sources(view, out);
		break;
	case WHOIS_VERSION:
		al_buf_str(out, "% alamo-whoisd-" ALAMO_VERSION "\n\n");
		break;
	case WHOIS_TYPES:
		whois_put_types(out);
		break;
	case WHOIS_HELP:
		whois_put_help(out);
		break;
	case WHOIS_NOTHING:
	case WHOIS_KEEP:
	case WHOIS_IRRD:
		break;
	}
	put_footer(view, out);
}
