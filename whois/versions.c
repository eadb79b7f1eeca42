/* SPDX-License-Identifier: MIT */
/* versions.c -- histories as the RIPE database shows them, with the entry of the log that made each version. */
#include "versions.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "diff.h"
#include "spell.h"
#include "text.h"

#define BUF_MAX (1u << 20)

/* The newest version, deleted or not, of the object that the key names. */
static const struct al_object *newest_of(const struct whois_view *view, const struct whois_query *query)
{
	const struct al_object *object = NULL, *dead = NULL;
	struct al_prefix prefix;
	struct al_slice typed = query->key;
	char text[AL_PREFIX_STRLEN];
	struct al_buf key;

	/* "fd00:1:0::/32" is spelt otherwise; an AS number may stand without "AS". */
	if (al_prefix_parse_range(typed, &prefix) == AL_OK) {
		al_prefix_format(&prefix, text);
		typed = al_slice_str(text);
	}
	al_buf_init(&key, 4096);
	for (int cls = 0; cls < AL_CLASS_COUNT && object == NULL; cls++) {
		if ((query->classes & 1u << cls) == 0 || whois_key_canon((enum al_class)cls, typed, &key) != AL_OK)
			continue;
		object = al_state_version(view->state, (enum al_class)cls, al_buf_view(&key));
		if (object != NULL && object->deleted) {
			dead = dead == NULL ? object : dead;
			object = NULL;
		}
	}
	al_buf_release(&key);
	return object != NULL ? object : dead;
}

static const char *operation(const struct whois_version *version)
{
	return version->deleted ? "DELETED" : "ADD/UPD";
}

static void put_row(const struct whois_version *version, struct al_buf *out)
{
	char time[AL_TIME_STRLEN];

	al_time_format(version->time, time);
	al_buf_printf(out, "%-5" PRIu64 " %-20s  %-7s  %" PRIu64 "\n", version->number, time, operation(version),
		      version->index);
}

static void put_class(enum al_class cls, struct al_buf *out)
{
	for (const char *at = al_class_name(cls); *at != '\0'; at++)
		al_buf_u8(out, (uint8_t)toupper((unsigned char)*at));
}

static enum al_err put_list(const struct whois_view *view, uint64_t newest, struct al_buf *out)
{
	struct whois_version version;
	struct al_buf buf;
	uint64_t *serials = calloc(WHOIS_VERSIONS_MAX, sizeof(*serials)), serial = newest;
	size_t count = 0;
	enum al_err err = serials != NULL ? AL_OK : AL_ENOMEM;

	al_buf_init(&buf, BUF_MAX);
	while (err == AL_OK && serial > 0 && count < WHOIS_VERSIONS_MAX) {
		serials[count++] = serial;
		err = whois_history_read(view->history, serial, &buf, &version);
		serial = version.prev;
	}
	if (err == AL_OK) {
		al_buf_str(out, "% Version history for ");
		put_class(version.cls, out);
		al_buf_printf(out, " object \"%.*s\"\n", AL_FMT(version.key));
		al_buf_str(out, "% You can use \"--show-version rev#\" to get an exact version of the object.\n");
		if (serial > 0)
			al_buf_printf(out, "%% Only the newest %u are listed.\n", WHOIS_VERSIONS_MAX);
		al_buf_str(out, "\nrev#  Date                  Op.      Entry\n\n");
	}
	while (err == AL_OK && count > 0) {
		err = whois_history_read(view->history, serials[--count], &buf, &version);
		if (err == AL_OK)
			put_row(&version, out);
	}
	al_buf_str(out, "\n");
	al_buf_release(&buf);
	free(serials);
	return err;
}

static enum al_err put_one(const struct whois_view *view, uint64_t newest, uint64_t number, struct al_buf *out)
{
	struct whois_version version;
	char time[AL_TIME_STRLEN];
	struct al_buf buf;
	enum al_err err;

	al_buf_init(&buf, BUF_MAX);
	err = whois_history_number(view->history, newest, number, &buf, &version);
	if (err == AL_OK) {
		struct whois_shown shown = whois_shown_version(&version);

		al_time_format(version.time, time);
		al_buf_printf(out, "%% Version %" PRIu64 " of object \"%.*s\"\n", number, AL_FMT(version.key));
		al_buf_printf(out, "%% This version was made by entry %" PRIu64 " on %s: %s\n", version.index, time,
			      operation(&version));
		al_buf_str(out, "% You can use \"--list-versions\" to get a list of versions for an object.\n\n");
		whois_put_shown(&shown, false, out);
		al_buf_str(out, "\n");
	}
	al_buf_release(&buf);
	return err;
}

static enum al_err put_diff(const struct whois_view *view, uint64_t newest, const uint64_t number[static 2],
			    struct al_buf *out)
{
	struct whois_version version[2];
	struct al_buf buf[2];
	enum al_err err = AL_OK;

	for (int i = 0; i < 2; i++) {
		al_buf_init(&buf[i], BUF_MAX);
		if (err == AL_OK)
			err = whois_history_number(view->history, newest, number[i], &buf[i], &version[i]);
	}
	if (err == AL_OK) {
		al_buf_printf(out, "%% Difference between version %" PRIu64 " and %" PRIu64 " of object \"%.*s\"\n\n",
			      number[0], number[1], AL_FMT(version[0].key));
		err = whois_put_diff(version[0].text, version[1].text, out);
		al_buf_str(out, "\n");
	}
	al_buf_release(&buf[0]);
	al_buf_release(&buf[1]);
	return err;
}

enum al_err whois_put_versions(const struct whois_view *view, const struct whois_query *query, struct al_buf *out,
			       struct whois_error *error)
{
	const struct al_object *object = newest_of(view, query);
	uint64_t newest = 0;
	enum al_err err;

	*error = (struct whois_error){ 101, query->key };
	if (object == NULL)
		return AL_EINVAL;
	if (view->history != NULL && whois_history_error(view->history) == AL_OK)
		newest = whois_history_serial(view->history, object);
	*error = (struct whois_error){ newest > 0 ? 116 : 114, query->key };
	if (newest == 0)
		return AL_EINVAL;
	if (query->kind == WHOIS_LIST_VERSIONS)
		err = put_list(view, newest, out);
	else if (query->kind == WHOIS_SHOW_VERSION)
		err = put_one(view, newest, query->version[0], out);
	else
		err = put_diff(view, newest, query->version, out);
	return err == AL_OK ? AL_OK : AL_EINVAL;
}
