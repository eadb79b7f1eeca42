/* SPDX-License-Identifier: MIT */
/*
 * monitor_asked.c -- see monitor_asked.h.
 */
#include "monitor_asked.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "alamo/base/ident.h"
#include "command.h"
#include "json.h"
#include "member/client.h"

#define DIGITS ((size_t)2 * AL_HASH_LEN)

static bool hash_read(const char *hash, uint8_t out[static AL_HASH_LEN])
{
	size_t len = 0;

	return strlen(hash) == DIGITS && strspn(hash, "0123456789abcdef") == DIGITS &&
	       sodium_hex2bin(out, AL_HASH_LEN, hash, DIGITS, NULL, &len, NULL) == 0 && len == AL_HASH_LEN;
}

int monitor_asked_check(const struct option_list *hashes)
{
	uint8_t hash[AL_HASH_LEN];

	for (size_t i = 0; i < hashes->count; i++)
		if (!hash_read(hashes->values[i], hash))
			return command_fail(
				CLI_USAGE,
				"--request: %s is not the hash that the registry gave when it queued the request",
				hashes->values[i]);
	return CLI_DONE;
}

/* What the answer's lines say; a line that is not there is empty. */
struct status {
	struct al_slice state, entry, time, reason;
};

static struct status status_read(struct al_slice answer)
{
	struct status status = { .state = AL_S("") };
	struct al_slice line, name;

	while (al_slice_line(&answer, &line)) {
		struct al_slice value = line;

		(void)al_slice_cut(&value, ':', &name);
		value = al_slice_trim(value);
		if (al_slice_is(name, "state"))
			status.state = value;
		else if (al_slice_is(name, "entry"))
			status.entry = value;
		else if (al_slice_is(name, "time"))
			status.time = value;
		else if (al_slice_is(name, "reason"))
			status.reason = value;
	}
	return status;
}

void monitor_asked_read(struct al_slice answer, const char *hash, const struct monitor_watch *watch, uint64_t log_s,
			struct monitor_event *event)
{
	const struct status status = status_read(answer);
	uint64_t index = 0, time = log_s;
	char id[EVENT_ID_MAX];
	uint8_t bytes[AL_HASH_LEN];
	json_t *json = NULL;

	*event = (struct monitor_event){ .json = NULL };
	if (!hash_read(hash, bytes))
		return;
	monitor_event_id_of(bytes, id);
	if (al_slice_is(status.state, "accepted") && al_slice_u64(status.entry, INT64_MAX, &index) == AL_OK)
		json = json_pack("{s:s, s:I}", "state", "accepted", "index", (json_int_t)index);
	else if (al_slice_is(status.state, "refused") && al_time_parse(status.time, &time) == AL_OK)
		json = json_pack("{s:s, s:o}", "state", "refused", "reason", json_slice(status.reason));
	if (json == NULL)
		return;
	event->json = json_pack("{s:s, s:s, s:s, s:I, s:s}", "id", id, "log", watch->log, "mnt", watch->mnt, "time",
				(json_int_t)time, "request", hash);
	(void)json_object_update(event->json, json);
	json_decref(json);
	event->index = index;
	event->time = time;
}

/* One question. False: no memory to tell of the answer. */
static bool look(struct client *client, const char *hash, struct monitor_told *told, uint64_t log_s)
{
	struct monitor_event event;
	struct al_buf answer;
	char question[128];
	bool ok = true;

	(void)snprintf(question, sizeof(question), "queue-status %s", hash);
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	if (client_ask(client, question, &answer) == AL_OK) {
		monitor_asked_read(al_buf_view(&answer), hash, &told->watch, log_s, &event);
		if (event.json != NULL)
			ok = monitor_told_put_request(told, hash, &event);
		monitor_event_release(&event);
	}
	al_buf_release(&answer);
	return ok;
}

bool monitor_asked_look(const struct monitor_asked *asked, struct monitor_told *told, uint64_t log_s)
{
	struct client *client = NULL;
	bool ok = true;

	for (size_t i = 0; ok && i < asked->hashes->count; i++) {
		const char *hash = asked->hashes->values[i];

		if (monitor_told_has_request(told, hash))
			continue;
		if (client == NULL && client_open(asked->server, &client) != AL_OK)
			break;
		ok = look(client, hash, told, log_s);
	}
	client_close(client);
	return ok;
}
