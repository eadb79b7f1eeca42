/* SPDX-License-Identifier: MIT */
/*
 * stream.c -- the ledger as a source of the log stream, on the registry's
 * socket and port. What followers get and when is common/follow/stream.c's.
 */
#include "stream_internal.h"

#include <stdlib.h>

#include "alamo/follow/stream.h"

struct stream {
	struct ledger *ledger;
	struct al_stream *server;
};

/* A read of the ledger on behalf of the server. */
struct reading {
	al_stream_read_fn done;
	void *token;
};

static struct al_stream_batch batch_of(const struct ledger_batch *batch)
{
	return (struct al_stream_batch){ batch->first, batch->count, batch->entries, batch->note };
}

static void on_read(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct reading reading = *(struct reading *)arg;
	struct al_stream_batch run = { 0 };

	free(arg);
	if (err == AL_OK)
		run = batch_of(batch);
	reading.done(reading.token, err, &run);
}

static enum al_err read_ledger(void *source, uint64_t from, size_t max_bytes, al_stream_read_fn done, void *token)
{
	struct stream *stream = source;
	struct reading *reading = malloc(sizeof(*reading));
	enum al_err err;

	if (reading == NULL)
		return AL_ENOMEM;
	*reading = (struct reading){ done, token };
	err = ledger_read(stream->ledger, from, max_bytes, on_read, reading);
	if (err != AL_OK)
		free(reading);
	return err;
}

enum al_err stream_open(struct al_loop *loop, const struct al_stream_limits *limits, struct ledger *ledger,
			struct stream **out)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	struct al_buf note;
	uint64_t size;
	enum al_err err;

	if (stream == NULL)
		return AL_ENOMEM;
	stream->ledger = ledger;
	al_buf_init(&note, AL_NOTE_MAX);
	size = ledger_head(ledger, &note).size;
	err = note.err;
	if (err == AL_OK)
		err = al_stream_new(loop, limits, read_ledger, stream, size, al_buf_view(&note), &stream->server);
	al_buf_release(&note);
	if (err != AL_OK) {
		stream_free(stream);
		return err;
	}
	*out = stream;
	return AL_OK;
}

enum al_err stream_listen_local(struct stream *stream, const char *path)
{
	return al_listener_unix(al_stream_local(stream->server), path);
}

enum al_err stream_new(struct al_service *service, struct ledger *ledger, struct al_slice keys_note,
		       struct stream **out)
{
	const struct al_conf *conf = al_service_conf(service);
	const struct al_stream_limits limits = {
		.followers = (size_t)al_conf_u64(conf, "registry", "stream-connections"),
		.per_source = (size_t)al_conf_u64(conf, "registry", "stream-per-source"),
		.reads = (size_t)al_conf_u64(conf, "registry", "stream-reads"),
	};
	struct stream *stream;
	char path[4096];
	enum al_err err = al_conf_path(conf, al_conf_str(conf, "log", "socket"), path, sizeof(path));

	if (err == AL_OK)
		err = stream_open(al_service_loop(service), &limits, ledger, &stream);
	if (err != AL_OK)
		return err;
	al_stream_keys(stream->server, keys_note);
	err = stream_listen_local(stream, path);
	if (err == AL_OK)
		err = al_service_listen(service, al_stream_tcp(stream->server), "registry", "stream-port", "stream");
	if (err != AL_OK) {
		stream_free(stream);
		return err;
	}
	*out = stream;
	return AL_OK;
}

void stream_limit(struct stream *stream, const struct al_conf *conf)
{
	if (stream != NULL)
		al_stream_limit(stream->server, (size_t)al_conf_u64(conf, "registry", "stream-connections"),
				(size_t)al_conf_u64(conf, "registry", "stream-per-source"));
}

void stream_free(struct stream *stream)
{
	if (stream == NULL)
		return;
	al_stream_free(stream->server);
	free(stream);
}

void stream_publish(struct stream *stream, const struct ledger_batch *batch)
{
	struct al_stream_batch run = batch_of(batch);

	al_stream_publish(stream->server, &run);
}

void stream_dated(struct stream *stream, const struct ledger_batch *batch)
{
	al_stream_dated(stream->server, batch->checkpoint.size, batch->note);
}
