/* SPDX-License-Identifier: MIT */
/*
 * rpkid.c -- composition of the daemon, and what happens when the log has a new head.
 *
 * One thread. Several heads within one turn of the loop are published as one: the work of a replay is one set,
 * and what routers are told (serials, differences) does not depend on it (vrp_fold.h).
 */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "alamo/follow/follow.h"
#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "alamo/net/sandbox.h"

#include "export.h"
#include "fetched.h"
#include "rpkid.h"
#include "rtr_server.h"
#include "rtr_session.h"
#include "served.h"
#include "signed.h"
#include "vrp_fold.h"

#define HOLD_MS 45000 /* rtrlib gives up after 60 s */

struct rpkid {
	struct al_service *service;
	struct al_vkey log;         /* pinned */
	struct fetched *fetched;    /* with [rpki] source: sets come from there */
	struct al_replica *replica; /* else from the log */
	struct vrp_fold *fold;
	struct vrp_history *coming; /* differences since the set before */
	struct served *served;
	struct signed_set *signed_set; /* NULL: no key */
	struct rtr_server *rtr;
	struct al_tls *tls; /* NULL: none is wanted */
	struct export *export;
	struct al_http *http;
	bool posted; /* a publish is on its way */
	bool heard;  /* a head came in this run */
};

static struct al_metric metric_head = { .name = "alamo_rpki_head_time_seconds",
					.help = "Unix time at which the newest verified head came",
					.gauge = true };

static struct al_metric metric_certificate = { .name = "alamo_rpki_certificate_end_seconds",
					       .help = "Unix time at which the certificate for TLS ends; 0: none",
					       .gauge = true };
static struct al_metric metric_certificate_since = { .name = "alamo_rpki_certificate_since_seconds",
						     .help = "Unix time from which on it is good; 0: none",
						     .gauge = true };

/* ---- a new head ---- */

static void rpkid_publish(void *arg)
{
	struct rpkid *self = arg;
	const struct vrp_set *set;
	struct al_checkpoint cp;
	struct al_slice note = al_replica_head(self->replica, &cp);
	enum al_err err;

	self->posted = false;
	if (cp.size == 0)
		return;
	err = vrp_fold_take(self->fold, cp.size, self->coming, &set);
	if (err != AL_OK) {
		/* Routers keep what they have: the last good set, or that of their other caches. */
		al_log(AL_LOG_ERROR, "publish-failed", "size=%" PRIu64 " error=%s", cp.size, al_err_name(err));
		al_service_fail(self->service);
		return;
	}
	self->heard = true;
	al_metric_set(&metric_head, al_now_s());
	served_offer(self->served, set, self->coming, &cp, note, al_now_s());
	vrp_set_unref(set);
}

static void rpkid_head(void *arg, const struct al_state *state, const struct al_checkpoint *cp, struct al_slice note)
{
	struct rpkid *self = arg;

	(void)state;
	(void)cp;
	(void)note;
	if (self->posted)
		return;
	self->posted = al_loop_post(al_service_loop(self->service), rpkid_publish, self) == AL_OK;
	if (!self->posted)
		rpkid_publish(self);
}

/* Who follows a quiet log has the newest there is: what is fetched should say so. */
static void rpkid_link(void *arg, bool up)
{
	struct rpkid *self = arg;

	if (self->served != NULL)
		served_link(self->served, up);
}

static void rpkid_age(void *arg, const struct al_freshness *freshness)
{
	struct rpkid *self = arg;

	/* Without a word in this run, and none remembered, the silence counts from our start and says nothing. */
	if (self->served != NULL && (self->heard || freshness->date != 0))
		served_age(self->served, freshness);
}

static enum al_err rpkid_object(void *arg, const struct al_object *now)
{
	struct rpkid *self = arg;
	enum al_err err = vrp_fold_change(self->fold, now);

	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "change-lost", "index=%" PRIu64 " error=%s", now->index, al_err_name(err));
		al_service_fail(self->service);
	}
	return err;
}

/* ---- start and stop ---- */

static struct rtr_server_conf rtr_conf(const struct al_conf *conf)
{
	return (struct rtr_server_conf){
		.max_conns = (size_t)al_conf_u64(conf, "rpki", "max-connections"),
		.max_per_source = (size_t)al_conf_u64(conf, "rpki", "max-per-source"),
		.notify_ms = al_conf_u64(conf, "rpki", "notify-seconds") * 1000,
		.hold_ms = HOLD_MS,
		.highest = (uint8_t)al_conf_u64(conf, "rpki", "rtr-version"),
		.timers = {
			.refresh = (uint32_t)al_conf_u64(conf, "rpki", "refresh"),
			.retry = (uint32_t)al_conf_u64(conf, "rpki", "retry"),
			.expire = (uint32_t)al_conf_u64(conf, "rpki", "expire"),
		},
	};
}

static const char *rpkid_reload(void *arg, const struct al_conf *next)
{
	struct rpkid *self = arg;
	struct rtr_server_conf rtr = rtr_conf(next);

	rtr_server_limit(self->rtr, &rtr);
	served_limit(self->served, next);
	export_expire(self->export, rtr.timers.expire);
	if (self->signed_set != NULL)
		signed_valid(self->signed_set, al_conf_u64(next, "rpki", "signed-seconds"));
	if (self->replica != NULL)
		al_replica_stale(self->replica, al_conf_u64(next, "log", "stale-seconds"));
	return NULL;
}

static enum al_err rpkid_rtr(struct rpkid *self, const struct al_conf *conf)
{
	struct rtr_server_conf rtr = rtr_conf(conf);
	struct al_listener *over_tls;
	enum al_err err;

	for (uint8_t version = 1; version <= RTR_VERSION_MAX; version++)
		rtr.session[version] = rtr_session_id(&self->log, VRP_RULE_VERSION, version);
	err = rtr_server_new(al_service_loop(self->service), &rtr, &self->rtr);

	if (err == AL_OK)
		err = al_service_listen(self->service, rtr_server_listener(self->rtr), "rpki", "port", "rtr");
	if (err == AL_OK && self->tls != NULL)
		err = rtr_server_tls(self->rtr, self->tls, &over_tls);
	if (err == AL_OK && self->tls != NULL)
		err = al_service_listen(self->service, over_tls, "rpki", "tls-port", "rtr-tls");
	return err;
}

static const char *const rpkid_files[] = { "tls-certificate", "tls-key", "tls-client-ca" };

static const char *rpkid_read(void *arg, const int *fds)
{
	struct rpkid *self = arg;
	const struct al_tls_files files = { fds[0], fds[1], fds[2] };
	const char *why;

	if (files.certificate < 0)
		return files.key >= 0 || files.client_ca >= 0 ? "[rpki] tls-certificate is missing: no TLS without it"
							      : NULL;
	if (files.key < 0)
		return "[rpki] tls-key is missing: the certificate's key";
	why = al_tls_load(self->tls, &files);
	al_metric_set(&metric_certificate_since, al_tls_since(self->tls));
	al_metric_set(&metric_certificate, al_tls_end(self->tls));
	return why;
}

/* Before the sandbox, behind which only the opener gets at the files. */
static enum al_err rpkid_tls(struct rpkid *self)
{
	const struct al_conf *conf = al_service_conf(self->service);
	enum al_err err = AL_OK;

	al_metric_add(&metric_certificate_since);
	al_metric_add(&metric_certificate);
	if (al_conf_str(conf, "rpki", "tls-certificate")[0] != '\0')
		err = al_tls_new(al_service_loop(self->service), &self->tls);
	return err == AL_OK ? al_service_read(self->service) : err;
}

static enum al_err rpkid_signed(struct rpkid *self, const struct al_conf *conf)
{
	char key[PATH_MAX], note[PATH_MAX];
	struct signed_conf signed_conf = {
		.key = key, .note = note, .log = &self->log, .valid_s = al_conf_u64(conf, "rpki", "signed-seconds")
	};
	enum al_err err = al_conf_path(conf, al_conf_str(conf, "rpki", "key"), key, sizeof(key));

	if (err == AL_OK)
		err = al_conf_path(conf, al_conf_str(conf, "rpki", "key-note"), note, sizeof(note));
	if (err == AL_OK)
		err = signed_new(&signed_conf, served_moment(self->served), &self->signed_set);
	if (err == AL_OK && self->signed_set != NULL)
		err = signed_routes(self->signed_set, self->http);
	return err;
}

static enum al_err rpkid_http(struct rpkid *self, const struct al_conf *conf)
{
	enum al_err err = export_new(al_service_loop(self->service), self->log.name,
				     al_conf_u64(conf, "rpki", "expire"), served_moment(self->served), &self->export);

	if (err == AL_OK)
		err = al_http_new(al_service_loop(self->service), &self->http);
	if (err == AL_OK)
		err = export_routes(self->export, self->http);
	if (err == AL_OK)
		err = rpkid_signed(self, conf);
	if (err == AL_OK)
		err = al_http_route(self->http, "/metrics", al_metrics_http, NULL);
	if (err == AL_OK)
		err = al_service_http(self->service, self->http, "rpki", "http-port", "roas");
	return err;
}

static void rpkid_first(void *arg)
{
	struct rpkid *self = arg;

	al_service_ready(self->service);
}

static void rpkid_restore(void *arg)
{
	struct rpkid *self = arg;

	served_restore(self->served);
	if (self->fetched != NULL)
		fetched_start(self->fetched);
	if (served_moment(self->served)->set == NULL)
		al_log(AL_LOG_INFO, "no-set-yet",
		       "reason=\"the ports are open; routers' queries wait for one, up to %d s\"", HOLD_MS / 1000);
}

static enum al_err rpkid_follow(struct rpkid *self, const struct al_conf *conf)
{
	static const struct al_replica_ops ops = {
		.object = rpkid_object,
		.classes = 1u << AL_ROUTE | 1u << AL_ROUTE6 | 1u << AL_NODE | 1u << AL_PEERING,
		.head = rpkid_head,
		.link = rpkid_link,
		.age = rpkid_age,
	};
	enum al_err err = vrp_fold_new((size_t)al_conf_u64(conf, "rpki", "history"), &self->fold);

	if (err == AL_OK)
		err = vrp_history_new((size_t)al_conf_u64(conf, "rpki", "history"), &self->coming);
	/* It calls back from the loop only, when all of this stands. */
	if (err == AL_OK)
		err = al_replica_new(al_service_loop(self->service), conf, &ops, self, &self->replica);
	if (err == AL_OK)
		self->log = *al_replica_key(self->replica);
	return err;
}

static enum al_err rpkid_open(struct rpkid *self)
{
	const struct served_ops served = { .first = rpkid_first, .arg = self };
	const struct al_conf *conf = al_service_conf(self->service);
	struct al_loop *loop = al_service_loop(self->service);
	bool follows = al_conf_str(conf, "rpki", "source")[0] == '\0';
	enum al_err err = follows ? rpkid_follow(self, conf) : fetched_key(conf, &self->log);

	al_metric_add(&metric_head);
	if (err == AL_OK)
		err = served_new(loop, conf, &self->log, &served, &self->served);
	if (err == AL_OK && !follows)
		err = fetched_new(loop, conf, &self->log, self->served, &self->fetched);
	if (err == AL_OK)
		err = rpkid_rtr(self, conf);
	if (err == AL_OK)
		err = rpkid_http(self, conf);
	if (err == AL_OK) {
		served_attach(self->served, self->rtr, self->export);
		err = al_loop_post(loop, rpkid_restore, self);
	}
	return err;
}

static enum al_err rpkid_start(struct al_service *service, void **out)
{
	static const struct al_sandbox_path paths[] = {
		{ NULL, "run", AL_SANDBOX_WRITE },     { "log", "key", AL_SANDBOX_READ },
		{ "rpki", "key", AL_SANDBOX_READ },    { "rpki", "key-note", AL_SANDBOX_READ },
		{ "rpki", "source", AL_SANDBOX_READ },
	};
	struct rpkid *self = calloc(1, sizeof(*self));
	enum al_err err;

	if (self == NULL)
		return AL_ENOMEM;
	self->service = service;
	*out = self;
	err = rpkid_tls(self);
	if (err == AL_OK)
		err = al_sandbox(al_service_conf(service), paths, AL_COUNT(paths));
	return err == AL_OK ? rpkid_open(self) : err;
}

static void rpkid_stop(void *arg)
{
	struct rpkid *self = arg;

	if (self == NULL)
		return;
	al_replica_free(self->replica);
	fetched_free(self->fetched);
	al_http_free(self->http);
	export_free(self->export);
	signed_free(self->signed_set);
	rtr_server_free(self->rtr);
	al_tls_free(self->tls);
	served_free(self->served);
	vrp_history_free(self->coming);
	vrp_fold_free(self->fold);
	free(self);
}

const struct al_service_def rpkid_service = {
	.name = "alamo-rpkid",
	.start = rpkid_start,
	.stop = rpkid_stop,
	.section = "rpki",
	.reload = rpkid_reload,
	.files = rpkid_files,
	.file_count = AL_COUNT(rpkid_files),
	.read = rpkid_read,
};
