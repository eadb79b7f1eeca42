/*
 * registry.c -- composition root of alamo-registryd.
 *
 * Started in this order, stopped in reverse: ledger, pipeline, log stream,
 * request port, HTTP port. The newest checkpoint is also kept as a file.
 */
#include "registry.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alamo/log.h"
#include "alamo/metrics.h"
#include "session.h"
#include "stream.h"

#define KEY_FILE_MAX 1024
#define CHECKPOINT_FILE_MS 200   /* the file follows the log at this distance */

struct registry {
	struct al_service *service;
	struct ledger *ledger;
	struct pipeline *pipeline;
	struct stream *stream;
	struct session_ctx session;
	struct al_listener *requests;
	struct al_http *http;
	struct al_timer *checkpoint_timer;
	uint64_t checkpoint_written;     /* size in the file */
	struct al_vkey key;
};

/* ---- keys and names ---- */

enum al_err registry_key(const struct al_conf *conf, struct al_skey *out)
{
	char path[4096], text[KEY_FILE_MAX];
	struct stat st;
	size_t len = 0;
	enum al_err err = al_conf_path(conf, al_conf_str(conf, "registry", "log-key"), path, sizeof(path));
	FILE *file = err == AL_OK ? fopen(path, "re") : NULL;

	if (file == NULL) {
		al_log(AL_LOG_ERROR, "log-key", "path=%s cannot be read", path);
		return AL_ENOTFOUND;
	}
	if (fstat(fileno(file), &st) == 0 && (st.st_mode & 077) != 0)
		al_log(AL_LOG_WARN, "log-key", "path=%s is readable by others", path);
	len = fread(text, 1, sizeof(text), file);
	(void)fclose(file);
	err = al_skey_parse(al_slice_trim(al_slice_of(text, len)), out);
	sodium_memzero(text, sizeof(text));
	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "log-key", "path=%s is not a signing key", path);
	return err;
}

enum al_err registry_namespace(const struct al_conf *conf, char out[static REGISTRY_NAMESPACE_MAX])
{
	int len = snprintf(out, REGISTRY_NAMESPACE_MAX, "registry@%s", al_conf_str(conf, "network", "name"));

	return len > 0 && len < REGISTRY_NAMESPACE_MAX ? AL_OK : AL_ELIMIT;
}

/* ---- the checkpoint file ---- */

static void checkpoint_write(struct registry *r, struct al_slice note, uint64_t size)
{
	char path[4096], temp[4200];
	FILE *file;
	bool ok;

	if (al_conf_path(al_service_conf(r->service), "run/checkpoint", path, sizeof(path)) != AL_OK)
		return;
	(void)snprintf(temp, sizeof(temp), "%s.new", path);
	file = fopen(temp, "we");
	if (file == NULL)
		return;
	ok = fwrite(note.ptr, 1, note.len, file) == note.len;
	if (fclose(file) == 0 && ok && rename(temp, path) == 0)
		r->checkpoint_written = size;
}

static void on_checkpoint_timer(void *arg)
{
	struct registry *r = arg;
	struct al_checkpoint head;
	struct al_buf note;

	al_buf_init(&note, AL_NOTE_MAX);
	head = ledger_head(r->ledger, &note);
	if (head.size != r->checkpoint_written)
		checkpoint_write(r, al_buf_view(&note), head.size);
	al_buf_release(&note);
	al_timer_set(r->checkpoint_timer, CHECKPOINT_FILE_MS);
}

static void http_checkpoint(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	struct registry *r = arg;

	(void)rest;
	(void)query;
	(void)ledger_head(r->ledger, &answer->body);
}

/* ---- start and stop ---- */

static void on_commit(void *arg, const struct ledger_batch *batch)
{
	struct registry *r = arg;

	stream_publish(r->stream, batch);
}

static enum al_err open_ledger(struct registry *r, const struct al_conf *conf)
{
	char path[4096];
	struct al_skey key;
	struct ledger_opts opts = { .path = path, .key = &key };
	enum al_err err = registry_key(conf, &key);

	if (err != AL_OK)
		return err;
	r->key = key.pub;
	err = al_conf_path(conf, al_conf_str(conf, "registry", "ledger"), path, sizeof(path));
	if (err == AL_OK)
		err = ledger_open(&opts, &r->ledger);
	al_skey_wipe(&key);
	return err;
}

static enum al_err open_pipeline(struct registry *r, const struct al_conf *conf)
{
	char ns[REGISTRY_NAMESPACE_MAX];
	enum al_err err = registry_namespace(conf, ns);

	if (err == AL_OK)
		err = pipeline_new(r->ledger, al_slice_str(ns), &r->pipeline);
	if (err == AL_OK)
		err = ledger_start(r->ledger, al_service_loop(r->service), on_commit, r);
	return err;
}

static enum al_err open_requests(struct registry *r, const struct al_conf *conf)
{
	struct al_listener_conf lc = {
		.name = "requests",
		.max_conns = (size_t)al_conf_u64(conf, "registry", "max-connections"),
		.max_per_source = (size_t)al_conf_u64(conf, "registry", "max-per-source"),
		.in_max = SESSION_IN_MAX,
		.out_max = SESSION_OUT_MAX,
		.idle_ms = al_conf_u64(conf, "registry", "idle-seconds") * 1000,
	};
	enum al_err err;

	r->session = (struct session_ctx){
		.loop = al_service_loop(r->service),
		.question = { r->pipeline, r->ledger, al_slice_str(al_conf_str(conf, "network", "name")), &r->key },
	};
	err = al_listener_new(al_service_loop(r->service), &lc, &session_ops, &r->session, &r->requests);
	if (err == AL_OK)
		err = al_service_listen(r->service, r->requests, "registry", "request-port", "requests");
	return err;
}

static enum al_err open_http(struct registry *r)
{
	enum al_err err = al_http_new(al_service_loop(r->service), &r->http);

	if (err == AL_OK)
		err = al_http_route(r->http, "/metrics", al_metrics_http, NULL);
	if (err == AL_OK)
		err = al_http_route(r->http, "/checkpoint", http_checkpoint, r);
	if (err == AL_OK)
		err = al_service_http(r->service, r->http, "registry", "http-port", "log-http");
	return err;
}

static void registry_stop(void *self)
{
	struct registry *r = self;

	if (r == NULL)
		return;
	al_timer_free(r->checkpoint_timer);
	al_http_free(r->http);
	ledger_close(r->ledger);         /* finishes what is queued, so that nothing accepted is dropped */
	al_listener_free(r->requests);
	stream_free(r->stream);
	pipeline_free(r->pipeline);
	free(r);
}

static enum al_err registry_start(struct al_service *service, void **self)
{
	const struct al_conf *conf = al_service_conf(service);
	struct registry *r = calloc(1, sizeof(*r));
	enum al_err err;

	if (r == NULL)
		return AL_ENOMEM;
	*self = r;
	r->service = service;
	err = open_ledger(r, conf);
	if (err == AL_OK)
		err = open_pipeline(r, conf);
	if (err == AL_OK)
		err = stream_new(service, r->ledger, &r->stream);
	if (err == AL_OK)
		err = open_requests(r, conf);
	if (err == AL_OK)
		err = open_http(r);
	if (err == AL_OK)
		err = al_timer_new(al_service_loop(service), on_checkpoint_timer, r, &r->checkpoint_timer);
	if (err != AL_OK)
		return err;
	on_checkpoint_timer(r);
	al_service_ready(service);
	return AL_OK;
}

const struct al_service_def registry_service = { "alamo-registryd", registry_start, registry_stop };
