/* SPDX-License-Identifier: MIT */
/*
 * workers.c -- sessions, one set a thread.
 *
 * A set is made here, before its thread runs, and freed here, when no thread runs any more; in between it is its
 * thread's, and what is to happen to it is posted.
 */
#include "workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alamo/base/log.h"

struct worker {
	struct whois_workers *all;
	struct al_worker *thread; /* NULL: the service's own */
	struct whois_sessions *sessions;
};

struct whois_workers {
	struct al_shares *shares;
	struct whois_share *share;
	struct whois_sessions_conf limits; /* changed like the view */
	size_t count;
	struct worker items[];
};

static size_t workers_count(const struct al_conf *conf)
{
	uint64_t asked = al_conf_u64(conf, "whois", "workers");
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (asked > 0)
		return (size_t)asked;
	return cores > 0 ? (size_t)cores : 1;
}

static enum al_err open_first(struct whois_workers *workers, struct al_service *service, const struct whois_view *view)
{
	struct worker *first = &workers->items[0];
	enum al_err err = whois_sessions_new(al_service_loop(service), &workers->limits, view, &first->sessions);

	if (err == AL_OK)
		err = al_service_listen(service, whois_sessions_listener(first->sessions), "whois", "port", "whois");
	return err;
}

static enum al_err open_next(struct whois_workers *workers, struct worker *worker, const struct whois_view *view)
{
	struct whois_sessions_conf conf = workers->limits;
	enum al_err err = al_worker_new(&worker->thread);

	conf.elsewhere = true;
	if (err == AL_OK)
		err = whois_sessions_new(al_worker_loop(worker->thread), &conf, view, &worker->sessions);
	if (err == AL_OK)
		err = al_listener_join(whois_sessions_listener(worker->sessions),
				       whois_sessions_listener(workers->items[0].sessions));
	return err;
}

static enum al_err run_next(const struct whois_workers *workers)
{
	enum al_err err = AL_OK;
	char name[32];

	for (size_t i = 1; i < workers->count && err == AL_OK; i++) {
		(void)snprintf(name, sizeof(name), "whois-%zu", i);
		err = al_worker_run(workers->items[i].thread, name);
	}
	return err;
}

static enum al_err open_all(struct whois_workers *workers, struct al_service *service, const struct whois_view *view)
{
	enum al_err err = al_shares_new(workers->limits.max_conns, workers->limits.max_per_source, &workers->shares);

	workers->limits.shares = workers->shares;
	if (err == AL_OK)
		err = open_first(workers, service, view);
	for (size_t i = 1; i < workers->count && err == AL_OK; i++)
		err = open_next(workers, &workers->items[i], view);
	return err == AL_OK ? run_next(workers) : err;
}

enum al_err whois_workers_new(struct al_service *service, const struct whois_sessions_conf *limits,
			      const struct whois_view *view, struct whois_share *share, struct whois_workers **out)
{
	size_t count = workers_count(al_service_conf(service));
	struct whois_workers *workers = calloc(1, sizeof(*workers) + count * sizeof(workers->items[0]));
	enum al_err err;

	if (workers == NULL)
		return AL_ENOMEM;
	workers->count = count;
	workers->share = share;
	workers->limits = *limits;
	workers->limits.share = share;
	for (size_t i = 0; i < count; i++)
		workers->items[i].all = workers;
	err = open_all(workers, service, view);
	if (err == AL_OK)
		*out = workers;
	else
		whois_workers_free(workers);
	return err;
}

void whois_workers_free(struct whois_workers *workers)
{
	if (workers == NULL)
		return;
	/* All of them first: as long as one runs, it may ask another for a place (net.h). */
	for (size_t i = 0; i < workers->count; i++)
		al_worker_halt(workers->items[i].thread);
	for (size_t i = 0; i < workers->count; i++) {
		whois_sessions_free(workers->items[i].sessions);
		al_worker_free(workers->items[i].thread);
	}
	al_shares_free(workers->shares);
	free(workers);
}

static void limit_posted(void *arg)
{
	const struct worker *worker = arg;
	struct whois_workers *all = worker->all;
	struct whois_sessions_conf limits;

	whois_share_read(all->share);
	limits = all->limits;
	whois_share_unread(all->share);
	whois_sessions_limit(worker->sessions, &limits);
}

enum al_err whois_workers_limit(struct whois_workers *workers, const struct whois_sessions_conf *limits)
{
	enum al_err err = AL_OK;

	whois_share_begin(workers->share);
	workers->limits.max_conns = limits->max_conns;
	workers->limits.max_per_source = limits->max_per_source;
	workers->limits.idle_ms = limits->idle_ms;
	whois_share_end(workers->share);
	whois_sessions_limit(workers->items[0].sessions, limits);
	for (size_t i = 1; i < workers->count && err == AL_OK; i++)
		err = al_loop_post(al_worker_loop(workers->items[i].thread), limit_posted, &workers->items[i]);
	return err;
}

static void grown_posted(void *arg)
{
	const struct worker *worker = arg;

	whois_sessions_grown(worker->sessions);
}

void whois_workers_grown(struct whois_workers *workers)
{
	whois_sessions_grown(workers->items[0].sessions);
	for (size_t i = 1; i < workers->count; i++) {
		struct worker *worker = &workers->items[i];

		/* What is lost of this is told with the next head. */
		if (whois_sessions_rest(worker->sessions) &&
		    al_loop_post(al_worker_loop(worker->thread), grown_posted, worker) != AL_OK)
			al_log(AL_LOG_WARN, "whois-grown", "why=memory");
	}
}
