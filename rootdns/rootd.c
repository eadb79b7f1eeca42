/* SPDX-License-Identifier: MIT */
/*
 * rootd.c -- composition: who runs where, and what a new head sets in motion.
 *
 *   main thread     log -> objects -> claims; TCP, HTTP
 *   builder thread  claims -> zones -> signatures -> published set
 *   UDP threads     published set -> answers, by sockets or past the kernel's stack (xdp.h)
 *
 * One job is with the builder at a time; what changes meanwhile is one job
 * more. The first is the log's present (al_replica_caught_up): before it every
 * question gets SERVFAIL.
 */
#include "rootd.h"

#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <time.h>

#include "alamo/follow/follow.h"
#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "alamo/net/sandbox.h"
#include "builder.h"
#include "key_order.h"
#include "listen.h"
#include "notify.h"
#include "pending.h"
#include "publish.h"
#include "self.h"
#include "tcp.h"
#include "traffic.h"
#include "xdp.h"

#define RESIGN_MS 60000u  /* how often signatures and keys are looked at */
#define RESIGN_SOON_MS 5u /* there are more to make */
#define ORDER_MS 1000u    /* how often orders of the hostmaster are */
#define READER_MAIN 0     /* the TCP server's slot; UDP threads follow */
#define READER_UDP 1

struct rootd {
	struct al_service *service;
	char keys_dir[PATH_MAX], run_dir[PATH_MAX];
	struct dns_self *dns;
	struct publish *publish;
	struct pending *pending;
	struct al_replica *replica;
	struct tcp_server *tcp;
	struct listen *listen;
	struct notify *notify;
	struct xdp *xdp; /* NULL: none */
	struct rrl *rrl;
	struct al_http *http;
	bool busy;    /* a job is with the builder */
	bool waiting; /* a head came meanwhile */
	bool ready;
	struct build_job job; /* the builder's while busy */
	enum al_err job_err;
	/* the builder's thread: */
	struct al_worker *worker;
	struct builder *builder;
	struct al_timer *resign, *order;
};

/* ---- builder's thread ---- */

/* To the main thread. The message must arrive: memory comes back when other threads move on. */
static void post_main(struct rootd *self, void (*fn)(void *arg))
{
	while (al_loop_post(al_service_loop(self->service), fn, self) != AL_OK)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void notify_posted(void *arg)
{
	struct rootd *self = arg;

	notify_look(self->notify);
}

static void zones_published(void *arg)
{
	struct rootd *self = arg;

	if (self->notify != NULL)
		post_main(self, notify_posted);
}

static void failed_posted(void *arg)
{
	struct rootd *self = arg;

	al_service_fail(self->service);
}

static void resign_fired(void *arg)
{
	struct rootd *self = arg;
	bool more = false;
	enum al_err err = builder_resign(self->builder, &more);

	builder_reclaim(self->builder);
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "resign-failed", "err=%s", al_err_name(err));
		post_main(self, failed_posted);
		return;
	}
	al_timer_set(self->resign, more ? RESIGN_SOON_MS : RESIGN_MS);
}

static void order_fired(void *arg)
{
	struct rootd *self = arg;

	al_timer_set(self->order, ORDER_MS);
	if (key_order_waits(self->run_dir))
		resign_fired(self);
}

static void builder_begin(void *arg)
{
	struct rootd *self = arg;
	struct al_loop *loop = al_worker_loop(self->worker);

	if (al_timer_new(loop, resign_fired, self, &self->resign) != AL_OK ||
	    al_timer_new(loop, order_fired, self, &self->order) != AL_OK) {
		al_log(AL_LOG_ERROR, "resign-off", "why=memory");
		return;
	}
	al_timer_set(self->resign, RESIGN_MS);
	al_timer_set(self->order, ORDER_MS);
}

static void builder_end(void *arg)
{
	struct rootd *self = arg;

	al_timer_free(self->resign);
	al_timer_free(self->order);
	self->resign = self->order = NULL;
}

static void job_done(void *arg);

static void job_run(void *arg)
{
	struct rootd *self = arg;
	struct build_job *job = &self->job;

	if (job->plan != NULL)
		self->job_err = builder_rebuild(self->builder, job->plan, job->sources, job->changed_at, job->size);
	else
		self->job_err = builder_change(self->builder, job->sources, job->size);
	post_main(self, job_done);
}

/* ---- main thread ---- */

static void job_send(struct rootd *self)
{
	struct al_checkpoint cp;
	enum al_err err;

	(void)al_replica_head(self->replica, &cp);
	err = pending_take(self->pending, cp.size, &self->job);

	if (err == AL_ENOTFOUND)
		return; /* a log without a registry object yet */
	if (err == AL_OK) {
		err = al_loop_post(al_worker_loop(self->worker), job_run, self);
		if (err != AL_OK) {
			source_list_free(self->job.sources);
			zone_plan_free(self->job.plan);
		}
	}
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "build-lost", "err=%s", al_err_name(err));
		al_service_fail(self->service);
		return;
	}
	self->busy = true;
	self->waiting = self->job.more;
}

static void job_done(void *arg)
{
	struct rootd *self = arg;

	self->busy = false;
	/* All objects were on their way at once: as much memory again as the zones take, which nobody needs now. */
	if (self->job.plan != NULL)
		(void)malloc_trim(0);
	if (self->job_err != AL_OK) {
		al_log(AL_LOG_ERROR, "build-failed", "err=%s", al_err_name(self->job_err));
		al_service_fail(self->service);
		return;
	}
	if (!self->ready)
		al_service_ready(self->service);
	self->ready = true;
	if (self->waiting)
		job_send(self);
}

static enum al_err on_object(void *arg, const struct al_object *now)
{
	struct rootd *self = arg;
	enum al_err err = pending_object(self->pending, now);

	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "object-lost", "index=%" PRIu64 " err=%s", now->index, al_err_name(err));
		al_service_fail(self->service);
	}
	return err;
}

static const struct al_object *on_edit(const void *arg, enum al_class cls, struct al_slice key)
{
	const struct rootd *self = arg;

	return pending_present(self->pending, cls, key);
}

static void on_head(void *arg, const struct al_state *state, const struct al_checkpoint *cp, struct al_slice note)
{
	struct rootd *self = arg;

	(void)state;
	(void)cp;
	(void)note;
	if (self->busy)
		self->waiting = true;
	else
		job_send(self);
}

/* ---- start and stop ---- */

static enum al_err tcp_open(struct rootd *self)
{
	const struct al_conf *conf = al_service_conf(self->service);
	struct tcp_conf tcp = {
		.max_conns = (size_t)al_conf_u64(conf, "dns", "max-connections"),
		.max_per_source = (size_t)al_conf_u64(conf, "dns", "max-per-source"),
		.idle_ms = al_conf_u64(conf, "dns", "idle-seconds") * 1000,
		.publish = self->publish,
		.reader = READER_MAIN,
		.self = self->dns,
	};

	return tcp_new(al_service_loop(self->service), &tcp, &self->tcp);
}

static enum al_err builder_open(struct rootd *self)
{
	const struct al_conf *conf = al_service_conf(self->service);
	struct builder_conf builder = {
		.keys_dir = self->keys_dir,
		.run_dir = self->run_dir,
		.signature_s = (uint32_t)al_conf_u64(conf, "dns", "signature-days") * 86400u,
		.zonemd_names = (size_t)al_conf_u64(conf, "dns", "zonemd-names"),
		.publish = self->publish,
		.published = zones_published,
		.arg = self,
	};
	enum al_err err = al_conf_path(conf, al_conf_str(conf, "dns", "keys"), self->keys_dir, sizeof(self->keys_dir));

	if (err == AL_OK)
		err = self_new(conf, self->keys_dir, &self->dns);
	if (err == AL_OK)
		err = al_conf_path(conf, "run", self->run_dir, sizeof(self->run_dir));
	if (err == AL_OK)
		err = builder_new(&builder, &self->builder);
	if (err == AL_OK)
		err = al_worker_start("dns-builder", &self->worker);
	if (err == AL_OK)
		err = al_loop_post(al_worker_loop(self->worker), builder_begin, self);
	return err;
}

static enum al_err notify_open(struct rootd *self)
{
	const struct al_conf *conf = al_service_conf(self->service);
	struct al_slice name = al_slice_str(al_conf_str(conf, "dns", "notify-key"));
	struct notify_conf notify = {
		.targets = al_slice_str(al_conf_str(conf, "dns", "notify")),
		.sources = al_service_listen_addrs(self->service, "dns"),
		.publish = self->publish,
		.reader = READER_MAIN,
	};
	struct dname wire;

	if (name.len > 0) {
		if (dname_of_text(name, &wire) == AL_OK)
			notify.key = tsig_key_find(self->dns->keys, &wire);
		if (notify.key == NULL) {
			al_log(AL_LOG_ERROR, "notify-key", "why=\"tsig-keys has no key of this name\"");
			return AL_EINVAL;
		}
	}
	return notify_new(al_service_loop(self->service), &notify, &self->notify);
}

static enum al_err http_open(struct rootd *self)
{
	enum al_err err = al_http_new(al_service_loop(self->service), &self->http);

	if (err == AL_OK)
		err = al_http_route(self->http, "/metrics", al_metrics_http, NULL);
	if (err == AL_OK)
		err = al_service_http(self->service, self->http, "dns", "http-port", "dns-http");
	return err;
}

/* TCP, and the threads that answer over UDP, by sockets and past them. */
static enum al_err questions_open(struct rootd *self)
{
	const struct al_conf *conf = al_service_conf(self->service);
	struct batch_conf udp = { .publish = self->publish, .reader = READER_UDP, .self = self->dns };
	enum al_err err = tcp_open(self);

	if (err == AL_OK)
		err = rrl_new((uint32_t)al_conf_u64(conf, "dns", "responses-per-second"), &self->rrl);
	udp.rrl = self->rrl;
	if (err == AL_OK)
		err = listen_open(self->service, self->tcp, self->xdp, &udp, &self->listen);
	udp.reader += listen_threads(self->service);
	return err == AL_OK ? xdp_start(self->xdp, &udp) : err;
}

static enum al_err rootd_start(struct al_service *service, void **out)
{
	static const struct al_sandbox_path paths[] = {
		{ NULL, "run", AL_SANDBOX_WRITE },
		{ "dns", "keys", AL_SANDBOX_WRITE },
		{ "dns", "tsig-keys", AL_SANDBOX_READ },
		{ "log", "key", AL_SANDBOX_READ },
	};
	struct al_replica_ops ops = { .object = on_object, .present = on_edit, .head = on_head };
	struct rootd *self = calloc(1, sizeof(*self));
	enum al_err err;

	if (self == NULL)
		return AL_ENOMEM;
	*out = self;
	self->service = service;
	traffic_register();
	err = xdp_open(al_service_conf(service), &self->xdp);
	if (err == AL_OK)
		err = al_sandbox(al_service_conf(service), paths, AL_COUNT(paths));
	if (err == AL_OK)
		err = publish_new(READER_UDP + listen_threads(service) + xdp_threads(self->xdp), &self->publish);
	if (err == AL_OK)
		err = builder_open(self);
	if (err == AL_OK)
		err = pending_new(self->run_dir,
				  al_slice_str(al_conf_str(al_service_conf(service), "dns", "origin-zone")),
				  &self->pending);
	if (err == AL_OK)
		ops.classes = pending_classes(self->pending);
	if (err == AL_OK)
		err = notify_open(self);
	if (err == AL_OK)
		err = questions_open(self);
	if (err == AL_OK)
		err = http_open(self);
	if (err == AL_OK)
		err = al_replica_new(al_service_loop(service), al_service_conf(service), &ops, self, &self->replica);
	return err;
}

static const char *rootd_reload(void *arg, const struct al_conf *next)
{
	struct rootd *self = arg;

	if (self_reload(self->dns, next) != AL_OK)
		return "[dns] allow-transfer, as the line before this says";
	tcp_limit(self->tcp, (size_t)al_conf_u64(next, "dns", "max-connections"),
		  (size_t)al_conf_u64(next, "dns", "max-per-source"), al_conf_u64(next, "dns", "idle-seconds") * 1000);
	rrl_limit(self->rrl, (uint32_t)al_conf_u64(next, "dns", "responses-per-second"));
	al_replica_stale(self->replica, al_conf_u64(next, "log", "stale-seconds"));
	return NULL;
}

static void rootd_stop(void *arg)
{
	struct rootd *self = arg;

	if (self == NULL)
		return;
	al_replica_free(self->replica);
	al_http_free(self->http);
	xdp_close(self->xdp);
	listen_close(self->listen);
	tcp_free(self->tcp);
	if (self->worker != NULL && al_loop_post(al_worker_loop(self->worker), builder_end, self) != AL_OK)
		al_log(AL_LOG_WARN, "stop", "why=memory");
	al_worker_stop(self->worker);
	notify_free(self->notify);
	pending_free(self->pending);
	publish_free(self->publish);
	builder_free(self->builder);
	rrl_free(self->rrl);
	self_free(self->dns);
	free(self);
}

const struct al_service_def rootd_service = {
	.name = "alamo-rootd",
	.start = rootd_start,
	.stop = rootd_stop,
	.section = "dns",
	.reload = rootd_reload,
};
