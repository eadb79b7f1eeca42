/*
 * rpkid.c -- composition of the daemon, and what happens when the log has a new head.
 *
 * One thread. Several heads within one turn of the loop are published as one: the work of a replay is one set,
 * and what routers are told (serials, differences) does not depend on it (vrp_fold.h).
 */
#include <inttypes.h>
#include <stdlib.h>

#include "alamo/follow/follow.h"
#include "alamo/base/log.h"
#include "alamo/net/metrics.h"

#include "export.h"
#include "rpkid.h"
#include "rtr_server.h"
#include "rtr_session.h"
#include "vrp_fold.h"

#define HOLD_MS 45000 /* rtrlib gives up after 60 s */

struct rpkid {
	struct al_service *service;
	struct al_replica *replica;
	struct vrp_fold *fold;
	struct vrp_history *history;
	const struct vrp_set *set; /* counted; NULL until the log's present is reached */
	struct rtr_server *rtr;
	struct export *export;
	struct al_http *http;
	bool posted;  /* a publish is on its way */
	bool expired; /* nothing newer was heard for too long */
};

static struct al_metric metric_vrps4 = { .name = "alamo_rpki_vrps{family=\"ipv4\"}",
					 .help = "Validated ROA payloads served",
					 .gauge = true };
static struct al_metric metric_vrps6 = { .name = "alamo_rpki_vrps{family=\"ipv6\"}",
					 .help = "Validated ROA payloads served",
					 .gauge = true };
static struct al_metric metric_serial = { .name = "alamo_rpki_serial",
					  .help = "RTR serial of the set served",
					  .gauge = true };
static struct al_metric metric_history = { .name = "alamo_rpki_history",
					   .help = "Differences kept for routers",
					   .gauge = true };
static struct al_metric metric_head = { .name = "alamo_rpki_head_time_seconds",
					.help = "Unix time at which the newest verified head came",
					.gauge = true };
static struct al_metric metric_sets = { .name = "alamo_rpki_sets_total", .help = "Sets published" };

static void rpkid_metrics(void)
{
	al_metric_add(&metric_vrps4);
	al_metric_add(&metric_vrps6);
	al_metric_add(&metric_serial);
	al_metric_add(&metric_history);
	al_metric_add(&metric_head);
	al_metric_add(&metric_sets);
}

/* ---- a new head ---- */

/* The fold's first result against the rule itself, which is one more pass: never serve what the rule does not give. */
static bool rpkid_agrees(const struct rpkid *self, const struct vrp_set *set)
{
	const struct al_state *state = al_replica_state(self->replica);
	struct vrp_set *built;
	bool same;

	if (vrp_build(state, al_state_size(state), &built) != AL_OK)
		return true;
	same = vrp_set_eq(built, set);
	vrp_set_unref(built);
	return same;
}

static void rpkid_show(struct rpkid *self, const struct vrp_set *set)
{
	bool first = self->set == NULL;

	vrp_set_unref(self->set);
	self->set = set;
	rtr_server_publish(self->rtr, set, self->history);
	al_metric_set(&metric_vrps4, set->count4);
	al_metric_set(&metric_vrps6, set->count - set->count4);
	al_metric_set(&metric_serial, set->serial);
	al_metric_set(&metric_history, vrp_history_count(self->history));
	al_metric_inc(&metric_sets, 1);
	al_log(AL_LOG_INFO, "set", "serial=%" PRIu32 " vrps=%zu history=%zu", set->serial, set->count,
	       vrp_history_count(self->history));
	if (first)
		al_service_ready(self->service);
}

static void rpkid_publish(void *arg)
{
	struct rpkid *self = arg;
	const struct vrp_set *set;
	struct al_checkpoint cp;
	enum al_err err;

	self->posted = false;
	(void)al_replica_head(self->replica, &cp);
	if (cp.size == 0)
		return;
	err = vrp_fold_take(self->fold, cp.size, self->set, self->history, &set);
	if (err == AL_OK && self->set == NULL && cp.size == al_state_size(al_replica_state(self->replica)) &&
	    !rpkid_agrees(self, set)) {
		vrp_set_unref(set);
		err = AL_EVERIFY;
	}
	if (err != AL_OK) {
		/* Routers keep what they have: the last good set, or that of their other caches. */
		al_log(AL_LOG_ERROR, "publish-failed", "size=%" PRIu64 " error=%s", cp.size, al_err_name(err));
		al_service_fail(self->service);
		return;
	}
	al_metric_set(&metric_head, al_now_s());
	if (set != self->set)
		rpkid_show(self, set);
	else
		vrp_set_unref(set);
	export_publish(self->export, self->set, cp.size, al_now_s());
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

	export_link(self->export, up, al_now_s());
	if (!up && self->set != NULL)
		al_log(AL_LOG_WARN, "serving-last-known", "serial=%" PRIu32 " vrps=%zu", self->set->serial,
		       self->set->count);
}

/* Old origins are worse than none once an attacker may have chosen them: RPKI's manifests expire for the same reason. */
static void rpkid_age(void *arg, const struct al_freshness *freshness)
{
	struct rpkid *self = arg;
	uint64_t most = al_conf_u64(al_service_conf(self->service), "rpki", "stale-seconds");
	bool expired = freshness->date != 0 && freshness->silent_s >= most;

	if (expired == self->expired)
		return;
	self->expired = expired;
	al_log(expired ? AL_LOG_ERROR : AL_LOG_INFO, expired ? "expired" : "valid-again",
	       "silent=%" PRIu64 " date=%" PRIu64, freshness->silent_s, freshness->date);
	rtr_server_withhold(self->rtr, expired);
	export_withhold(self->export, expired);
}

static void rpkid_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct rpkid *self = arg;

	if (vrp_fold_change(self->fold, al_replica_state(self->replica), old, now) == AL_OK)
		return;
	al_log(AL_LOG_ERROR, "change-lost", "index=%" PRIu64 " error=%s", now->index, al_err_name(AL_ENOMEM));
	al_service_fail(self->service);
}

/* ---- start and stop ---- */

static enum al_err rpkid_rtr(struct rpkid *self, const struct al_conf *conf)
{
	struct rtr_server_conf rtr = {
		.max_conns = (size_t)al_conf_u64(conf, "rpki", "max-connections"),
		.max_per_source = (size_t)al_conf_u64(conf, "rpki", "max-per-source"),
		.notify_ms = al_conf_u64(conf, "rpki", "notify-seconds") * 1000,
		.hold_ms = HOLD_MS,
		.session = rtr_session_id(al_replica_key(self->replica), VRP_RULE_VERSION, RTR_VERSION_MAX),
		.timers = {
			.refresh = (uint32_t)al_conf_u64(conf, "rpki", "refresh"),
			.retry = (uint32_t)al_conf_u64(conf, "rpki", "retry"),
			.expire = (uint32_t)al_conf_u64(conf, "rpki", "expire"),
		},
	};
	enum al_err err = rtr_server_new(al_service_loop(self->service), &rtr, &self->rtr);

	if (err == AL_OK)
		err = al_service_listen(self->service, rtr_server_listener(self->rtr), "rpki", "port", "rtr");
	return err;
}

static enum al_err rpkid_http(struct rpkid *self, const struct al_conf *conf)
{
	enum al_err err = export_new(al_replica_key(self->replica)->name, al_conf_u64(conf, "rpki", "expire"),
				     &self->export);

	if (err == AL_OK)
		err = al_http_new(al_service_loop(self->service), &self->http);
	if (err == AL_OK)
		err = export_routes(self->export, self->http);
	if (err == AL_OK)
		err = al_http_route(self->http, "/metrics", al_metrics_http, NULL);
	if (err == AL_OK)
		err = al_service_http(self->service, self->http, "rpki", "http-port", "roas");
	return err;
}

static enum al_err rpkid_open(struct rpkid *self)
{
	static const struct al_replica_ops ops = {
		.change = rpkid_change, .head = rpkid_head, .link = rpkid_link, .age = rpkid_age
	};
	const struct al_conf *conf = al_service_conf(self->service);
	struct al_loop *loop = al_service_loop(self->service);
	enum al_err err = vrp_fold_new(&self->fold);

	rpkid_metrics();
	if (err == AL_OK)
		err = vrp_history_new((size_t)al_conf_u64(conf, "rpki", "history"), &self->history);
	/* It calls back from the loop only, when all of this stands. */
	if (err == AL_OK)
		err = al_replica_new(loop, conf, &ops, self, &self->replica);
	if (err == AL_OK)
		err = rpkid_rtr(self, conf);
	if (err == AL_OK)
		err = rpkid_http(self, conf);
	return err;
}

static enum al_err rpkid_start(struct al_service *service, void **out)
{
	struct rpkid *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return AL_ENOMEM;
	self->service = service;
	*out = self;
	return rpkid_open(self);
}

static void rpkid_stop(void *arg)
{
	struct rpkid *self = arg;

	if (self == NULL)
		return;
	al_replica_free(self->replica);
	al_http_free(self->http);
	export_free(self->export);
	rtr_server_free(self->rtr);
	vrp_set_unref(self->set);
	vrp_history_free(self->history);
	vrp_fold_free(self->fold);
	free(self);
}

const struct al_service_def rpkid_service = {
	.name = "alamo-rpkid",
	.start = rpkid_start,
	.stop = rpkid_stop,
};
