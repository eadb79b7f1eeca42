/* SPDX-License-Identifier: MIT */
/*
 * rrdp.c -- see rrdp.h.
 */
#include "rrdp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "econtent.h"

#define NAMESPACE "http://www.ripe.net/rpki/rrdp"
#define PATH "%s/%" PRIu64 "/%s-%02x%02x%02x%02x%02x%02x%02x%02x.xml"
#define PATH_HASH(h) (h)[0], (h)[1], (h)[2], (h)[3], (h)[4], (h)[5], (h)[6], (h)[7]

static const char *const names[] = { [RRDP_SNAPSHOT] = "snapshot", [RRDP_DELTA] = "delta" };

void rrdp_session(const struct al_vkey *log, uint64_t number, char out[static ISSUED_SESSION_LEN])
{
	struct al_buf text;
	struct al_hash hash;
	uint8_t *b;

	al_buf_init(&text, 1024);
	al_buf_str(&text, "alamo rrdp session\n");
	al_vkey_format(log, &text);
	al_buf_printf(&text, "\n%" PRIu64 "\n", number);
	hash = econtent_hash(al_buf_view(&text));
	al_buf_release(&text);
	b = hash.b;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	(void)snprintf(out, ISSUED_SESSION_LEN, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		       b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		       b[15]);
}

void rrdp_snapshot_path(const struct issued *issued, char out[static RRDP_PATH_MAX])
{
	(void)snprintf(out, RRDP_PATH_MAX, PATH, issued->session, issued->number, names[RRDP_SNAPSHOT],
		       PATH_HASH(issued->snapshot.b));
}

void rrdp_delta_path(const struct issued *issued, const struct issued_delta *delta, char out[static RRDP_PATH_MAX])
{
	(void)snprintf(out, RRDP_PATH_MAX, PATH, issued->session, delta->number, names[RRDP_DELTA],
		       PATH_HASH(delta->hash.b));
}

static void put_open(struct al_buf *out, const char *element, const struct issued *issued)
{
	al_buf_printf(out, "<%s xmlns=\"" NAMESPACE "\" version=\"1\" session_id=\"%s\" serial=\"%" PRIu64 "\">\n",
		      element, issued->session, issued->number);
}

void rrdp_open(struct al_buf *out, enum rrdp_kind kind, const struct issued *issued)
{
	put_open(out, names[kind], issued);
}

static void put_hash(struct al_buf *out, const struct al_hash *hash)
{
	al_buf_str(out, " hash=\"");
	al_buf_hex(out, hash->b, AL_HASH_LEN);
	al_buf_u8(out, '"');
}

void rrdp_publish(struct al_buf *out, const char *uri, const struct al_hash *replaces, struct al_slice bytes)
{
	al_buf_printf(out, "<publish uri=\"%s\"", uri);
	if (replaces != NULL)
		put_hash(out, replaces);
	al_buf_u8(out, '>');
	al_buf_base64(out, bytes.ptr, bytes.len);
	al_buf_str(out, "</publish>\n");
}

void rrdp_withdraw(struct al_buf *out, const char *uri, const struct al_hash *was)
{
	al_buf_printf(out, "<withdraw uri=\"%s\"", uri);
	put_hash(out, was);
	al_buf_str(out, "/>\n");
}

void rrdp_close(struct al_buf *out, enum rrdp_kind kind)
{
	al_buf_printf(out, "</%s>\n", names[kind]);
}

/* An element of the notification: a file beside it. */
static void put_file(struct al_buf *out, const struct publisher *publisher, const char *path,
		     const struct al_hash *hash)
{
	int folder = (int)(strrchr(publisher->notify, '/') - publisher->notify);

	al_buf_printf(out, " uri=\"%.*s/%s\"", folder, publisher->notify, path);
	put_hash(out, hash);
	al_buf_str(out, "/>\n");
}

void rrdp_notification(struct al_buf *out, const struct publisher *publisher, const struct issued *issued)
{
	char path[RRDP_PATH_MAX];

	put_open(out, "notification", issued);
	rrdp_snapshot_path(issued, path);
	al_buf_str(out, "<snapshot");
	put_file(out, publisher, path, &issued->snapshot);
	for (size_t i = 0; i < issued->delta_count; i++) {
		rrdp_delta_path(issued, &issued->deltas[i], path);
		al_buf_printf(out, "<delta serial=\"%" PRIu64 "\"", issued->deltas[i].number);
		put_file(out, publisher, path, &issued->deltas[i].hash);
	}
	al_buf_str(out, "</notification>\n");
}

bool rrdp_has(const char *path)
{
	return strchr(path, '/') != NULL;
}

void rrdp_keep(struct issued *next, const struct issued *before, const struct issued_delta *delta)
{
	uint64_t bytes = delta->bytes;

	next->deltas[0] = *delta;
	next->delta_count = 1;
	for (size_t i = 0; i < before->delta_count && next->delta_count < ISSUED_DELTAS; i++) {
		bytes += before->deltas[i].bytes;
		if (bytes > next->snapshot_bytes)
			break;
		next->deltas[next->delta_count++] = before->deltas[i];
	}
}
