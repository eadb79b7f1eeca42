/* SPDX-License-Identifier: MIT */
/*
 * registry.c -- composition root of alamo-registryd.
 *
 * Started in this order, stopped in reverse: signer, ledger, pipeline, log stream,
 * published log, request port, HTTP port. The newest checkpoint is also kept as a file.
 */
#include "registry.h"

#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alamo/base/log.h"
#include "alamo/base/save.h"
#include "alamo/net/metrics.h"
#include "alamo/net/sandbox.h"
#include "clock_guard.h"
#include "keys_note.h"
#include "sign/cosign.h"
#include "ledger/dating.h"
#include "ledger/ledger_side.h"
#include "ledger/publish.h"
#include "request/post.h"
#include "sign/signer.h"
#include "ledger/stream.h"
#include "watermark.h"

#define CHECKPOINT_FILE_MS 200 /* the file follows the log at this distance */
#define FOLLOW_MS 200          /* so often one who follows looks what is new */
#define PATIENCE_MS 2000       /* nobody writes for so long: a writer that has lost its connection is back sooner */

static struct al_metric writes = { .name = "alamo_registry_writes",
				   .help = "1: this registry writes the log; 0: it follows another that does",
				   .gauge = true };

struct registry {
	struct al_service *service;
	struct signer *signer;
	struct event *signer_gone;
	struct ledger *ledger;
	struct pipeline *pipeline;
	struct stream *stream;
	struct publish *publish; /* NULL: not wanted */
	struct cosign *cosign;   /* NULL: no witnesses */
	struct dating *dating;
	struct session_ctx session;
	struct endpoints endpoints;
	struct tariff tariff; /* its budgets are ours */
	struct watermark watermark;
	struct al_listener *requests;
	struct al_http *http;
	struct al_timer *checkpoint_timer;
	struct al_timer *follow_timer; /* while another registry writes */
	struct event *save_wanted;     /* SIGUSR1 */
	uint64_t checkpoint_written;   /* size in the file */
	bool stopping;
	struct al_vkey key;
	struct keys_note keys_note;
};

enum al_err registry_namespace(const struct al_conf *conf, char out[static REGISTRY_NAMESPACE_MAX])
{
	int len = snprintf(out, REGISTRY_NAMESPACE_MAX, "registry@%s", al_conf_str(conf, "network", "name"));

	return len > 0 && len < REGISTRY_NAMESPACE_MAX ? AL_OK : AL_ELIMIT;
}

/* ---- the checkpoint file ---- */

static void checkpoint_write(struct registry *r, struct al_slice note, uint64_t size)
{
	char path[4096];

	/* Not synced: a start makes it anew. */
	if (al_conf_path(al_service_conf(r->service), "run/checkpoint", path, sizeof(path)) == AL_OK &&
	    al_save(path, note, 0644, AL_SAVE_SEEN) == AL_OK)
		r->checkpoint_written = size;
}

static void checkpoint_update(struct registry *r)
{
	struct al_checkpoint head;
	struct al_buf note;

	al_buf_init(&note, AL_NOTE_MAX);
	head = ledger_head(r->ledger, &note);
	if (head.size != r->checkpoint_written)
		checkpoint_write(r, al_buf_view(&note), head.size);
	al_buf_release(&note);
}

static void on_checkpoint_timer(void *arg)
{
	struct registry *r = arg;
	const char *full = watermark_look(&r->watermark, al_now_ms());

	checkpoint_update(r);
	pipeline_full(r->pipeline, full);
	(void)clock_guard_trusted(); /* so that it is noticed while nobody asks for anything */
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
	publish_commit(r->publish);
	cosign_commit(r->cosign, batch);
	if (r->stopping) /* no timer comes after it */
		checkpoint_write(r, batch->note, batch->checkpoint.size);
}

static void on_dated(void *arg, const struct ledger_batch *batch)
{
	struct registry *r = arg;

	stream_dated(r->stream, batch);
	publish_dated(r->publish, batch->checkpoint.size, batch->note);
	cosign_dated(r->cosign, batch->checkpoint.size, batch->note);
	r->checkpoint_written = 0;
}

static void on_signer_gone(evutil_socket_t fd, short what, void *arg)
{
	struct registry *r = arg;

	(void)fd;
	(void)what;
	al_log(AL_LOG_ERROR, "signer-gone", "reason=\"it ended: nothing can be signed\"");
	al_service_fail(r->service);
}

static void on_fenced(void *arg)
{
	struct registry *r = arg;

	al_log(AL_LOG_ERROR, "fenced",
	       "reason=\"another registry writes: this one ends, and follows when it is started again\"");
	al_service_fail(r->service);
}

/* ---- SIGUSR1: what a backup needs beside the log, into run/side ---- */

static void on_saved(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	(void)arg;
	(void)result;
	al_log(err == AL_OK ? AL_LOG_INFO : AL_LOG_ERROR, "side-saved", "result=%s", al_err_name(err));
}

static void on_save_wanted(evutil_socket_t number, short what, void *arg)
{
	struct registry *r = arg;
	char path[4096];
	enum al_err err = al_conf_path(al_service_conf(r->service), REGISTRY_SIDE_FILE, path, sizeof(path));

	(void)number;
	(void)what;
	if (err == AL_OK)
		err = ledger_side_save(r->ledger, al_slice_str(path), on_saved, r);
	if (err != AL_OK)
		on_saved(r, err, NULL);
}

static enum al_err open_signals(struct registry *r)
{
	r->save_wanted = evsignal_new(al_loop_base(al_service_loop(r->service)), SIGUSR1, on_save_wanted, r);
	return r->save_wanted != NULL && evsignal_add(r->save_wanted, NULL) == 0 ? AL_OK : AL_ENOMEM;
}

/* Before anything else: the signer must not share what is opened later. */
static enum al_err open_signer(struct registry *r, const struct al_conf *conf)
{
	enum al_err err = signer_start(conf, GUARD_USE, &r->signer);

	if (err != AL_OK)
		return err;
	r->key = *signer_key(r->signer);
	if (signer_watch(r->signer) < 0)
		return AL_OK;
	r->signer_gone = event_new(al_loop_base(al_service_loop(r->service)), signer_watch(r->signer), EV_READ,
				   on_signer_gone, r);
	return r->signer_gone != NULL && event_add(r->signer_gone, NULL) == 0 ? AL_OK : AL_ENOMEM;
}

/* Nothing, as long as the log has had one key. */
static struct al_slice keys_told(const struct registry *r)
{
	return r->key.past != NULL ? al_buf_view(&r->keys_note.text) : AL_S("");
}

static enum al_err open_ledger(struct registry *r, const struct al_conf *conf)
{
	char path[4096];
	struct ledger_opts opts = {
		.path = path,
		.key = &r->key,
		.signer = signer_face(r->signer),
		.queue = { al_conf_u64(conf, "registry", "queue-share"),
			   al_conf_u64(conf, "registry", "queue-days") * 86400 },
		.follow = true,
	};
	enum al_err err = ledger_where(conf, path, sizeof(path));

	return err == AL_OK ? ledger_open(&opts, &r->ledger) : err;
}

static enum al_err open_pipeline(struct registry *r, const struct al_conf *conf)
{
	char ns[REGISTRY_NAMESPACE_MAX];
	enum al_err err = registry_namespace(conf, ns);

	return err == AL_OK ? pipeline_new(r->ledger, al_slice_str(ns), &r->pipeline) : err;
}

/* Makes them, or gives those that are there another size. */
static enum al_err tariff_set(struct tariff *tariff, const struct al_conf *conf)
{
	const struct {
		const char *key;
		struct budget **out;
	} budgets[] = {
		{ "budget-source", &tariff->sources },
		{ "budget-network", &tariff->networks },
		{ "budget-key", &tariff->keys },
		{ "budget-maintainer", &tariff->maintainers },
	};

	for (size_t i = 0; i < AL_COUNT(budgets); i++) {
		uint64_t per_minute = al_conf_u64(conf, "registry", budgets[i].key);

		if (*budgets[i].out != NULL)
			budget_limit(*budgets[i].out, per_minute);
		else if ((*budgets[i].out = budget_new(per_minute, BUDGET_SLOTS)) == NULL)
			return AL_ENOMEM;
	}
	return AL_OK;
}

static struct al_listener_limits request_limits(const struct al_conf *conf)
{
	uint64_t idle_s = al_conf_u64(conf, "registry", "idle-seconds");

	return (struct al_listener_limits){
		.max_conns = (size_t)al_conf_u64(conf, "registry", "max-connections"),
		.max_per_source = (size_t)al_conf_u64(conf, "registry", "max-per-source"),
		.idle_ms = idle_s * 1000,
		.request_ms = idle_s * 2000,
	};
}

static enum al_err open_requests(struct registry *r, const struct al_conf *conf)
{
	const struct al_listener_limits limits = request_limits(conf);
	struct al_listener_conf lc = {
		.name = "requests",
		.max_conns = limits.max_conns,
		.max_per_source = limits.max_per_source,
		.in_max = SESSION_IN_MAX,
		.out_max = SESSION_OUT_MAX,
		.out_total = SESSION_OUT_TOTAL,
		.idle_ms = limits.idle_ms,
		.request_ms = limits.request_ms,
	};
	enum al_err err = tariff_set(&r->tariff, conf);

	if (err != AL_OK)
		return err;
	pipeline_limit(r->pipeline, &r->tariff);
	endpoints_init(&r->endpoints, conf);
	r->session = (struct session_ctx){
		.tariff = r->tariff,
		.loop = al_service_loop(r->service),
		.question = { r->pipeline, r->ledger, al_slice_str(al_conf_str(conf, "network", "name")), &r->key,
			      &r->endpoints, keys_told(r) },
	};
	err = al_listener_new(al_service_loop(r->service), &lc, &session_ops, &r->session, &r->requests);
	if (err == AL_OK)
		err = al_service_listen(r->service, r->requests, "registry", "request-port", "requests");
	return err;
}

static enum al_err open_metrics(struct registry *r)
{
	enum al_err err = al_http_new(al_service_loop(r->service), &r->http);

	if (err == AL_OK)
		err = al_http_route(r->http, "/metrics", al_metrics_http, NULL);
	return err == AL_OK ? al_service_http(r->service, r->http, "registry", "http-port", "log-http") : err;
}

static enum al_err open_http(struct registry *r)
{
	enum al_err err = r->http == NULL ? open_metrics(r) : AL_OK;

	if (err == AL_OK)
		err = r->publish != NULL ? publish_routes(r->publish, r->http)
					 : al_http_route(r->http, "/checkpoint", http_checkpoint, r);
	if (err == AL_OK)
		err = cosign_routes(r->cosign, r->http);
	return err == AL_OK ? post_route(r->http, &r->session) : err;
}

/* Who waits for another registry has none of this yet, and takes it from the configuration when it leads. */
static const char *registry_reload(void *self, const struct al_conf *next)
{
	struct registry *r = self;
	const struct al_listener_limits limits = request_limits(next);

	if (r->requests == NULL)
		return NULL;
	if (tariff_set(&r->tariff, next) != AL_OK)
		return "out of memory";
	al_listener_limit(r->requests, &limits);
	stream_limit(r->stream, next);
	dating_every(r->dating, al_conf_u64(next, "registry", "sign-seconds"));
	clock_guard_bound(al_conf_u64(next, "registry", "clock-jump-seconds"));
	watermark_limit(&r->watermark, next);
	pipeline_full(r->pipeline, watermark_look(&r->watermark, al_now_ms()));
	return NULL;
}

static void registry_stop(void *self)
{
	struct registry *r = self;

	if (r == NULL)
		return;
	if (r->save_wanted != NULL)
		event_free(r->save_wanted);
	al_http_free(r->http);
	r->stopping = true;
	if (r->checkpoint_timer != NULL) /* it was open: who looks at a stopped authority finds its last word */
		checkpoint_update(r);
	al_timer_free(r->checkpoint_timer);
	al_timer_free(r->follow_timer);
	ledger_close(r->ledger); /* finishes what is queued, so that nothing accepted is dropped */
	dating_free(r->dating);
	publish_free(r->publish);
	cosign_free(r->cosign);
	al_listener_free(r->requests);
	stream_free(r->stream);
	pipeline_free(r->pipeline);
	endpoints_release(&r->endpoints);
	budget_free(r->tariff.sources);
	budget_free(r->tariff.networks);
	budget_free(r->tariff.keys);
	budget_free(r->tariff.maintainers);
	if (r->signer_gone != NULL)
		event_free(r->signer_gone);
	signer_stop(r->signer);
	keys_note_release(&r->keys_note);
	free(r);
}

/* All that is for the one who writes; the ledger is ours, and the state is its. */
static enum al_err registry_lead(struct registry *r)
{
	const struct al_conf *conf = al_service_conf(r->service);
	struct al_loop *loop = al_service_loop(r->service);
	enum al_err err;

	al_metric_set(&writes, 1);
	clock_guard_bound(al_conf_u64(conf, "registry", "clock-jump-seconds"));
	ledger_on_fenced(r->ledger, on_fenced, r);
	err = ledger_start(r->ledger, loop, on_commit, r);
	if (err == AL_OK)
		err = pipeline_start(r->pipeline, loop);
	if (err == AL_OK)
		err = cosign_new(loop, conf, r->ledger, &r->key, keys_told(r), &r->cosign);
	if (err == AL_OK)
		err = stream_new(r->service, r->ledger, keys_told(r), &r->stream);
	if (err == AL_OK)
		err = publish_new(r->service, r->ledger, &r->key, &r->publish);
	if (err == AL_OK)
		err = open_requests(r, conf);
	if (err == AL_OK)
		err = open_http(r);
	if (err == AL_OK)
		err = dating_new(loop, r->ledger, al_conf_u64(conf, "registry", "sign-seconds"), on_dated, r,
				 &r->dating);
	if (err == AL_OK)
		err = al_timer_new(loop, on_checkpoint_timer, r, &r->checkpoint_timer);
	if (err == AL_OK)
		err = watermark_init(&r->watermark, conf);
	if (err == AL_OK)
		err = open_signals(r);
	if (err != AL_OK)
		return err;
	on_checkpoint_timer(r);
	al_service_ready(r->service);
	return AL_OK;
}

/* ---- beside another registry that writes ---- */

static void on_follow_timer(void *arg)
{
	struct registry *r = arg;
	enum al_err err = ledger_take_over(r->ledger, PATIENCE_MS, pipeline_load, r->pipeline);

	if (err == AL_EAGAIN || err == AL_EIO) {
		al_timer_set(r->follow_timer, FOLLOW_MS);
		return;
	}
	if (err == AL_OK) {
		al_log(AL_LOG_WARN, "takes-over", "size=%" PRIu64, ledger_head(r->ledger, NULL).size);
		err = registry_lead(r);
	}
	if (err == AL_OK)
		return;
	al_log(AL_LOG_ERROR, "follow", "error=%s reason=\"start it again: it reads the ledger from the beginning\"",
	       al_err_name(err));
	al_service_fail(r->service);
}

/* Nobody is served yet, but whoever watches can see it (/metrics). */
static enum al_err registry_follow(struct registry *r)
{
	enum al_err err = al_timer_new(al_service_loop(r->service), on_follow_timer, r, &r->follow_timer);

	if (err == AL_OK)
		err = open_metrics(r);
	if (err != AL_OK)
		return err;
	al_log(AL_LOG_INFO, "follows", "size=%" PRIu64 " reason=\"another registry writes: this one waits\"",
	       ledger_head(r->ledger, NULL).size);
	al_timer_set(r->follow_timer, FOLLOW_MS);
	return AL_OK;
}

static enum al_err registry_start(struct al_service *service, void **self)
{
	static const struct al_sandbox_path paths[] = {
		{ NULL, "run", AL_SANDBOX_WRITE },
		{ "registry", "ledger", AL_SANDBOX_BESIDE },  /* with its journal */
		{ NULL, "keys/postgresql", AL_SANDBOX_READ }, /* what a connection to it needs */
		{ "registry", "publish", AL_SANDBOX_WRITE },
		{ "registry", "witnesses", AL_SANDBOX_READ },
		{ "log", "socket", AL_SANDBOX_BESIDE },
		{ "log", "key", AL_SANDBOX_READ },
	};
	const struct al_conf *conf = al_service_conf(service);
	struct registry *r = calloc(1, sizeof(*r));
	enum al_err err;

	if (r == NULL)
		return AL_ENOMEM;
	*self = r;
	r->service = service;
	al_metric_add(&writes);
	err = open_signer(r, conf);
	if (err == AL_OK) /* behind the signer, which is another process with less than this */
		err = al_sandbox(conf, paths, AL_COUNT(paths));
	if (err == AL_OK)
		err = keys_note_open(conf, &r->keys_note);
	if (err == AL_OK)
		err = open_ledger(r, conf);
	if (err == AL_OK)
		err = keys_note_measure(&r->keys_note, r->ledger);
	if (err == AL_OK)
		err = open_pipeline(r, conf);
	if (err != AL_OK)
		return err;
	return ledger_leads(r->ledger) ? registry_lead(r) : registry_follow(r);
}

const struct al_service_def registry_service = {
	.name = "alamo-registryd",
	.start = registry_start,
	.stop = registry_stop,
	.section = "registry",
	.reload = registry_reload,
};
