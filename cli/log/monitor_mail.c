/* SPDX-License-Identifier: MIT */
/*
 * monitor_mail.c -- an event as a message (RFC 5322, RFC 2046); see monitor_text.h.
 *
 * What members wrote stands in the base64 of the parts, and cleaned in the subject.
 */
#include <string.h>
#include <time.h>

#include "monitor_text.h"

#define LINE_BYTES 57 /* 76 characters of base64 */
#define ADDRESS_MAX 254

bool monitor_mail_address_ok(const char *address)
{
	size_t len = strlen(address);

	if (len == 0 || len > ADDRESS_MAX || address[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (address[i] <= ' ' || address[i] > '~' || strchr("<>()[]\\,;:\"", address[i]) != NULL)
			return false;
	return true;
}

static void lines_put(struct al_slice bytes, struct al_buf *out)
{
	for (; bytes.len > 0; bytes = al_slice_from(bytes, LINE_BYTES)) {
		struct al_slice line = al_slice_head(bytes, LINE_BYTES);

		al_buf_base64(out, line.ptr, line.len);
		al_buf_str(out, "\n");
	}
}

static void date_put(uint64_t now_s, struct al_buf *out)
{
	time_t at = (time_t)now_s;
	char text[64];
	struct tm utc;

	/* The program keeps the C locale: English names. */
	if (gmtime_r(&at, &utc) != NULL && strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000", &utc) > 0)
		al_buf_printf(out, "Date: %s\n", text);
}

/* The name of a log as the right side of a message's id: its host, or what can stand for it. */
static void host_put(const char *log, struct al_buf *out)
{
	size_t len = strcspn(log, "/");

	for (size_t i = 0; i < len; i++) {
		bool ok = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", log[i]) != NULL ||
			  (log[i] == '.' && i > 0 && i + 1 < len && log[i - 1] != '.');

		al_buf_u8(out, (uint8_t)(ok ? log[i] : 'x'));
	}
}

static void part_put(const char *boundary, const char *type, struct al_slice bytes, struct al_buf *out)
{
	al_buf_printf(out, "\n--%s\nContent-Type: %s\nContent-Transfer-Encoding: base64\n\n", boundary, type);
	lines_put(bytes, out);
}

void monitor_mail_put(const struct monitor_event *event, const char *address, uint64_t now_s, struct al_buf *out)
{
	const char *id = json_string_value(json_object_get(event->json, "id"));
	const char *hash = id != NULL && strchr(id, ';') != NULL ? strchr(id, ';') + 1 : "";
	const char *proof = json_string_value(json_object_get(event->json, "proof"));
	char title[MONITOR_TITLE_MAX], type[128], boundary[80];
	struct al_buf text;

	monitor_text_title(event, title);
	(void)snprintf(boundary, sizeof(boundary), "alamo-%s", hash);
	al_buf_printf(out, "To: %s\nSubject: %s\n", address, title);
	date_put(now_s, out);
	al_buf_printf(out, "Message-ID: <%s@", hash);
	host_put(json_string_value(json_object_get(event->json, "log")), out);
	al_buf_printf(out,
		      ">\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
		      "Content-Type: multipart/mixed; boundary=\"%s\"\n",
		      boundary);
	al_buf_init(&text, SIZE_MAX);
	monitor_text_put(event, MONITOR_TEXT_MAX, &text);
	part_put(boundary, "text/plain; charset=utf-8", al_buf_view(&text), out);
	if (proof != NULL) {
		(void)snprintf(type, sizeof(type), "application/octet-stream; name=\"entry-%llu.tlog-proof\"",
			       (unsigned long long)event->index);
		part_put(boundary, type, al_slice_str(proof), out);
	}
	al_buf_printf(out, "\n--%s--\n", boundary);
	if (text.err != AL_OK)
		out->err = text.err;
	al_buf_release(&text);
}
