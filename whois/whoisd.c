/* SPDX-License-Identifier: MIT */
/*
 * whoisd.c -- composition: replica -> index -> sessions, and HTTP beside them.
 *
 * HTTP runs on the service's loop; the whois port on that and others (workers.h).
 * The replica changes state and index entry by entry; the view's head moves with
 * the verified head that covers them, and nobody reads meanwhile (share.h). The first one that we are told of is the log's present: before it every
 * query is answered with an error that says so, and so is ready.
 */
#include "whoisd.h"

#include <inttypes.h>
#include <stdlib.h>

#include "alamo/follow/follow.h"
#include "alamo/base/log.h"
#include "alamo/net/sandbox.h"
#include "closures.h"
#include "entries.h"
#include "explorer.h"
#include "growth.h"
#include "history.h"
#include "metrics.h"
#include "nrtm4.h"
#include "past.h"
#include "rdap.h"
#include "share.h"
#include "site.h"
#include "workers.h"

#define TICKS 10 /* of the age, once a second, between two signs of life to open pages */

struct whoisd {
	struct al_service *service;
	struct al_replica *replica;
	struct whois_index *index;
	struct whois_closures *closures;
	struct whois_history *history;
	struct whois_entries *entries;
	struct whois_past *past;
	struct whois_share *share;
	struct whois_workers *workers;
	struct al_http *http;
	struct whois_rdap *rdap;
	struct whois_explorer *explorer;
	struct nrtm4 *nrtm4;
	struct whois_view view;
	struct whois_site site;
	struct whois_growth growth;
	unsigned ticks;
	bool changing; /* the view, until the head is in it */
	bool ready;
};

static void whoisd_begin(void *arg)
{
	struct whoisd *whoisd = arg;

	if (!whoisd->changing)
		whois_share_begin(whoisd->share);
	whoisd->changing = true;
}

static void whoisd_end(void *arg)
{
	struct whoisd *whoisd = arg;

	if (whoisd->changing)
		whois_share_end(whoisd->share);
	whoisd->changing = false;
}

static void whoisd_entry(void *arg, struct al_slice bytes, const struct al_hash *leaf)
{
	struct whoisd *whoisd = arg;

	if (whoisd->entries != NULL)
		whois_entries_add(whoisd->entries, bytes, leaf);
}

static void whoisd_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct whoisd *whoisd = arg;

	whois_index_change(whoisd->index, old, now);
	whois_closures_change(whoisd->closures, old, now);
	whois_growth_change(&whoisd->growth, old, now);
	if (whoisd->history != NULL)
		whois_history_change(whoisd->history, old, now);
}

static void whoisd_head(void *arg, const struct al_state *state, const struct al_checkpoint *cp, struct al_slice note)
{
	struct whoisd *whoisd = arg;

	(void)state;
	(void)note;
	if (whois_index_error(whoisd->index) != AL_OK) {
		al_log(AL_LOG_ERROR, "index-incomplete", "err=%s", al_err_name(whois_index_error(whoisd->index)));
		al_service_fail(whoisd->service);
		return;
	}
	whoisd_begin(whoisd); /* the first head may come without an entry */
	whoisd->view.head = *cp;
	whoisd_end(whoisd);
	whois_workers_grown(whoisd->workers);
	whois_explorer_grown(whoisd->explorer);
	nrtm4_grown(whoisd->nrtm4);
	al_metric_set(&whois_metric_index, whois_index_size(whoisd->index));
	if (!whoisd->ready) {
		whoisd->ready = true;
		al_log(AL_LOG_INFO, "whois-ready", "size=%" PRIu64, cp->size);
		al_service_ready(whoisd->service);
	}
}

static enum al_err start_history(struct whoisd *whoisd)
{
	const struct al_conf *conf = al_service_conf(whoisd->service);
	char folder[4096];
	enum al_err err;

	if (!al_conf_bool(conf, "whois", "history"))
		return AL_OK;
	if (al_conf_path(conf, "run", folder, sizeof(folder)) != AL_OK)
		return AL_ELIMIT;
	err = whois_history_new(folder, &whoisd->history);
	if (err == AL_OK)
		err = whois_entries_new(folder, &whoisd->entries);
	return err == AL_OK ? whois_past_new(al_conf_u64(conf, "whois", "past-versions"), &whoisd->past) : err;
}

static void whoisd_age(void *arg, const struct al_freshness *freshness)
{
	struct whoisd *whoisd = arg;

	if (whoisd->past != NULL)
		whois_past_tick(whoisd->past);
	whois_share_begin(whoisd->share);
	whoisd->view.date = freshness->date;
	whoisd->view.stale_s = freshness->stale ? freshness->age_s : 0;
	whois_share_end(whoisd->share);
	if (++whoisd->ticks % TICKS == 0)
		whois_explorer_tick(whoisd->explorer);
}

static enum al_err start_replica(struct whoisd *whoisd)
{
	static const struct al_replica_ops ops = { .begin = whoisd_begin,
						   .end = whoisd_end,
						   .entry = whoisd_entry,
						   .change = whoisd_change,
						   .head = whoisd_head,
						   .age = whoisd_age };
	enum al_err err = whois_share_new(&whoisd->share);

	if (err == AL_OK)
		err = whois_index_new(&whoisd->index);
	if (err == AL_OK)
		err = whois_closures_new(&whoisd->closures);
	if (err == AL_OK)
		err = start_history(whoisd);
	if (err != AL_OK)
		return err;
	err = al_replica_new(al_service_loop(whoisd->service), al_service_conf(whoisd->service), &ops, whoisd,
			     &whoisd->replica);
	if (err != AL_OK)
		return err;
	whoisd->view.state = al_replica_state(whoisd->replica);
	whoisd->view.index = whoisd->index;
	whoisd->view.closures = whoisd->closures;
	whoisd->view.history = whoisd->history;
	whoisd->view.entries = whoisd->entries;
	whoisd->view.past = whoisd->past;
	whoisd->site = (struct whois_site){ al_service_conf(whoisd->service), al_replica_key(whoisd->replica) };
	whoisd->view.site = &whoisd->site;
	whoisd->view.growth = &whoisd->growth;
	return AL_OK;
}

static struct whois_sessions_conf limits_of(const struct al_conf *conf)
{
	return (struct whois_sessions_conf){
		.max_conns = (size_t)al_conf_u64(conf, "whois", "max-connections"),
		.max_per_source = (size_t)al_conf_u64(conf, "whois", "max-per-source"),
		.idle_ms = al_conf_u64(conf, "whois", "idle-seconds") * 1000,
	};
}

/* [whois] registry-url is looked up at each page. */
static const char *whoisd_reload(void *self, const struct al_conf *next)
{
	struct whoisd *whoisd = self;
	struct whois_sessions_conf limits = limits_of(next);

	if (whois_workers_limit(whoisd->workers, &limits) != AL_OK)
		return "memory is out: [whois] max-connections, max-per-source and idle-seconds may be old in part";
	whois_rdap_url(whoisd->rdap, al_conf_str(next, "whois", "rdap-url"));
	al_replica_stale(whoisd->replica, al_conf_u64(next, "log", "stale-seconds"));
	return NULL;
}

static enum al_err start_sessions(struct whoisd *whoisd)
{
	struct whois_sessions_conf limits = limits_of(al_service_conf(whoisd->service));

	return whois_workers_new(whoisd->service, &limits, &whoisd->view, whoisd->share, &whoisd->workers);
}

static enum al_err start_nrtm4(struct whoisd *whoisd)
{
	const struct al_conf *conf = al_service_conf(whoisd->service);
	char folder[4096];
	enum al_err err = al_conf_path(conf, al_conf_str(conf, "whois", "nrtm4-keys"), folder, sizeof(folder));

	if (err == AL_OK)
		err = nrtm4_new(al_service_loop(whoisd->service), &whoisd->view, al_replica_key(whoisd->replica),
				folder, &whoisd->nrtm4);
	return err == AL_OK ? nrtm4_serve(whoisd->nrtm4, whoisd->http) : err;
}

static enum al_err start_http(struct whoisd *whoisd)
{
	enum al_err err = al_http_new(al_service_loop(whoisd->service), &whoisd->http);

	if (err == AL_OK)
		err = al_http_route(whoisd->http, "/metrics", al_metrics_http, NULL);
	if (err == AL_OK)
		err = whois_rdap_new(&whoisd->view, al_conf_str(al_service_conf(whoisd->service), "whois", "rdap-url"),
				     &whoisd->rdap);
	if (err == AL_OK)
		err = whois_rdap_serve(whoisd->rdap, whoisd->http);
	if (err == AL_OK)
		err = whois_explorer_new(&whoisd->view, &whoisd->explorer);
	if (err == AL_OK)
		err = whois_explorer_serve(whoisd->explorer, whoisd->http);
	if (err == AL_OK)
		err = start_nrtm4(whoisd);
	if (err == AL_OK)
		err = al_service_http(whoisd->service, whoisd->http, "whois", "http-port", "rdap");
	return err;
}

static void whoisd_stop(void *self)
{
	struct whoisd *whoisd = self;

	if (whoisd == NULL)
		return;
	al_http_free(whoisd->http);
	whois_rdap_free(whoisd->rdap);
	whois_explorer_free(whoisd->explorer);
	nrtm4_free(whoisd->nrtm4);
	whois_workers_free(whoisd->workers);
	al_replica_free(whoisd->replica);
	whois_index_free(whoisd->index);
	whois_closures_free(whoisd->closures);
	whois_history_free(whoisd->history);
	whois_entries_free(whoisd->entries);
	whois_past_free(whoisd->past);
	whois_growth_release(&whoisd->growth);
	whois_share_free(whoisd->share);
	free(whoisd);
}

static enum al_err whoisd_start(struct al_service *service, void **self)
{
	static const struct al_sandbox_path paths[] = {
		{ NULL, "run", AL_SANDBOX_WRITE },
		{ "log", "key", AL_SANDBOX_READ },
		{ "whois", "nrtm4-keys", AL_SANDBOX_WRITE },
	};
	struct whoisd *whoisd = calloc(1, sizeof(*whoisd));
	enum al_err err;

	if (whoisd == NULL)
		return AL_ENOMEM;
	*self = whoisd;
	whoisd->service = service;
	whois_metrics_add();
	err = al_sandbox(al_service_conf(service), paths, AL_COUNT(paths));
	if (err == AL_OK)
		err = start_replica(whoisd);
	if (err == AL_OK)
		err = start_sessions(whoisd);
	if (err == AL_OK)
		err = start_http(whoisd);
	return err;
}

const struct al_service_def whoisd_service = {
	.name = "alamo-whoisd",
	.start = whoisd_start,
	.stop = whoisd_stop,
	.section = "whois",
	.reload = whoisd_reload,
};
