/* SPDX-License-Identifier: MIT */
/*
 * ledger.c -- opening, queueing and closing; the work is ledger_writer.c's.
 *
 * All calls come from the loop's thread (before ledger_start(): from any one).
 */
#include "ledger.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alamo/rpsl/entry.h"
#include "alamo/base/log.h"
#include "ledger_check.h"
#include "ledger_writer.h"
#include "queue.h"

#define QUEUED_MAX (64u << 20) /* bytes waiting to be written */
#define LOOKUPS_QUEUED_MAX 4096

/* ---- queueing ---- */

enum al_err ledger_append(struct ledger *ledger, uint64_t index, struct al_slice entry, ledger_done_fn done, void *arg)
{
	return ledger_append_with(ledger, index, entry, NULL, done, arg);
}

enum al_err ledger_append_with(struct ledger *ledger, uint64_t index, struct al_slice entry,
			       const struct ledger_extra *extra, ledger_done_fn done, void *arg)
{
	struct job *job;
	struct job_list one = { NULL, NULL, 0 };
	enum al_err err = AL_OK;

	if (entry.len == 0 || entry.len > AL_ENTRY_MAX)
		return entry.len == 0 ? AL_EINVAL : AL_ELIMIT;
	job = job_new(JOB_APPEND, index, entry, arg);
	if (job == NULL)
		return AL_ENOMEM;
	job->done = done;
	job->extra = extra != NULL ? side_extra_new(extra) : NULL;
	if (extra != NULL && job->extra == NULL) {
		job_free(job);
		return AL_ENOMEM;
	}
	pthread_mutex_lock(&ledger->lock);
	if (!ledger->started || ledger->stopping)
		err = AL_ECLOSED;
	else if (ledger->queued_bytes > QUEUED_MAX)
		err = AL_EAGAIN;
	else if (!ledger->failed && index != ledger->next)
		err = AL_ESTALE;
	if (err == AL_OK && ledger->failed) {
		job_list_push(&one, job);
		ledger_outbox_fail(ledger, &one, AL_ESTALE);
	} else if (err == AL_OK) {
		job_list_push(&ledger->appends, job);
		ledger->queued_bytes += job_weight(job);
		ledger->next++;
		pthread_cond_signal(&ledger->wake);
	}
	pthread_mutex_unlock(&ledger->lock);
	if (err != AL_OK)
		job_free(job);
	return err;
}

void ledger_resume(struct ledger *ledger)
{
	pthread_mutex_lock(&ledger->lock);
	assert(ledger->appends.first == NULL || !ledger->failed);
	if (ledger->failed)
		ledger->next = ledger->head.size;
	ledger->failed = false;
	pthread_mutex_unlock(&ledger->lock);
}

void ledger_on_fenced(struct ledger *ledger, ledger_fenced_fn fenced, void *arg)
{
	ledger->fenced_fn = fenced;
	ledger->fenced_arg = arg;
}

bool ledger_is_fenced(struct ledger *ledger)
{
	bool fenced;

	pthread_mutex_lock(&ledger->lock);
	fenced = ledger->fenced;
	pthread_mutex_unlock(&ledger->lock);
	return fenced;
}

static enum al_err lookup_queue(struct ledger *ledger, struct job *job)
{
	enum al_err err = AL_OK;

	if (job == NULL)
		return AL_ENOMEM;
	pthread_mutex_lock(&ledger->lock);
	if (!ledger->started || ledger->stopping) {
		err = AL_ECLOSED;
	} else if (ledger->lookups.count >= LOOKUPS_QUEUED_MAX) {
		err = AL_EAGAIN;
	} else {
		job_list_push(&ledger->lookups, job);
		pthread_cond_signal(&ledger->wake);
	}
	pthread_mutex_unlock(&ledger->lock);
	if (err != AL_OK)
		job_free(job);
	return err;
}

enum al_err ledger_prove(struct ledger *ledger, uint64_t index, ledger_done_fn done, void *arg)
{
	struct job *job = job_new(JOB_PROVE, index, al_slice_of(NULL, 0), arg);

	if (job != NULL)
		job->done = done;
	return lookup_queue(ledger, job);
}

enum al_err ledger_read(struct ledger *ledger, uint64_t from, size_t max_bytes, ledger_read_fn done, void *arg)
{
	struct job *job = job_new(JOB_READ, from, al_slice_of(NULL, 0), arg);

	if (job != NULL) {
		job->read = done;
		job->max_bytes = max_bytes;
	}
	return lookup_queue(ledger, job);
}

enum al_err ledger_date(struct ledger *ledger, ledger_read_fn done, void *arg)
{
	struct job *job = job_new(JOB_DATE, 0, al_slice_of(NULL, 0), arg);

	if (job != NULL)
		job->read = done;
	return lookup_queue(ledger, job);
}

struct al_checkpoint ledger_head(struct ledger *ledger, struct al_buf *note)
{
	struct al_checkpoint head;

	pthread_mutex_lock(&ledger->lock);
	head = ledger->head;
	if (note != NULL)
		al_buf_slice(note, al_buf_view(&ledger->note));
	pthread_mutex_unlock(&ledger->lock);
	return head;
}

struct load {
	ledger_visit_fn visit;
	void *arg;
	uint64_t limit; /* what another registry has stored since is for ledger_take_over() */
};

static enum al_err load_entry(void *arg, uint64_t index, struct al_slice leaf, struct al_slice body)
{
	const struct load *load = arg;

	(void)leaf;
	if (index >= load->limit)
		return AL_ELIMIT;
	return load->visit(load->arg, index, body);
}

enum al_err ledger_load(struct ledger *ledger, ledger_visit_fn visit, void *arg)
{
	struct load load = { visit, arg, 0 };
	enum al_err err;

	pthread_mutex_lock(&ledger->db_lock);
	load.limit = ledger_head(ledger, NULL).size;
	err = ledger->engine->ops->each_entry(ledger->engine, 0, load_entry, &load);
	if (err == AL_ELIMIT)
		err = AL_OK;
	pthread_mutex_unlock(&ledger->db_lock);
	return err;
}

static enum al_err take_entry(void *arg, uint64_t index, struct al_slice leaf, struct al_slice body)
{
	struct al_buf *out = arg;

	(void)index;
	(void)leaf;
	al_buf_slice(out, body);
	return out->err == AL_OK ? AL_ELIMIT : out->err; /* it is the only one */
}

enum al_err ledger_entry(struct ledger *ledger, uint64_t index, struct al_buf *out)
{
	enum al_err err = AL_ENOTFOUND;

	pthread_mutex_lock(&ledger->db_lock);
	if (index < ledger_head(ledger, NULL).size)
		err = ledger->engine->ops->each_entry(ledger->engine, index, take_entry, out);
	pthread_mutex_unlock(&ledger->db_lock);
	return err == AL_ELIMIT && out->err == AL_OK ? AL_OK : err;
}

/* ---- life ---- */

/* One more option of a URL, whose value is a file's path. */
static void url_option(struct al_buf *url, const char *name, const char *path)
{
	al_buf_printf(url, "%c%s=", memchr(url->ptr, '?', url->len) != NULL ? '&' : '?', name);
	for (; *path != '\0'; path++)
		al_buf_printf(url, isalnum((unsigned char)*path) || strchr("/._-", *path) != NULL ? "%c" : "%%%02X",
			      (unsigned char)*path);
}

/* What is in keys/postgresql and not in the URL: a line of alamo.conf has no room for all of it. */
static enum al_err url_complete(const struct al_conf *conf, const char *where, struct al_buf *url)
{
	static const char *const files[][2] = { { "sslrootcert", "keys/postgresql/ca.crt" },
						{ "sslcert", "keys/postgresql/client.crt" },
						{ "sslkey", "keys/postgresql/client.key" } };
	char path[PATH_MAX];
	enum al_err err = AL_OK;

	al_buf_str(url, where);
	for (size_t i = 0; err == AL_OK && i < AL_COUNT(files); i++) {
		err = al_conf_path(conf, files[i][1], path, sizeof(path));
		if (err != AL_OK || access(path, R_OK) != 0 || strstr(where, files[i][0]) != NULL)
			continue;
		url_option(url, files[i][0], path);
		if (i == 0 && strstr(where, "sslmode") == NULL)
			url_option(url, "sslmode", "verify-full");
	}
	return err == AL_OK ? url->err : err;
}

enum al_err ledger_place(const struct al_conf *conf, const char *where, char *out, size_t size)
{
	struct al_buf url;
	enum al_err err;

	if (engine_is_path(where))
		return al_slice_copy(al_slice_str(where), out, size);
	al_buf_init(&url, size);
	err = url_complete(conf, where, &url);
	if (err == AL_OK)
		err = al_slice_copy(al_buf_view(&url), out, size);
	al_buf_release(&url);
	return err;
}

enum al_err ledger_where(const struct al_conf *conf, char *out, size_t size)
{
	const char *where = al_conf_str(conf, "registry", "ledger");

	return engine_is_path(where) ? al_conf_path(conf, where, out, size) : ledger_place(conf, where, out, size);
}

static enum al_err locks_init(struct ledger *ledger)
{
	/* These fail for want of memory only, and glibc's need none. */
	return pthread_mutex_init(&ledger->db_lock, NULL) == 0 && pthread_mutex_init(&ledger->lock, NULL) == 0 &&
			       pthread_cond_init(&ledger->wake, NULL) == 0
		       ? AL_OK
		       : AL_ENOMEM;
}

static enum al_err parts_make(struct ledger *ledger, const struct ledger_opts *opts)
{
	enum al_err err = locks_init(ledger);

	ledger->key = *opts->key;
	ledger->signer = opts->signer;
	ledger->queue = opts->queue;
	if (ledger->queue.share == 0)
		ledger->queue.share = LEDGER_QUEUE_ROWS;
	al_buf_init(&ledger->note, AL_NOTE_MAX);
	al_buf_init(&ledger->undated, AL_NOTE_MAX);
	if (err == AL_OK && (ledger->mailbox = calloc(1, sizeof(*ledger->mailbox))) == NULL)
		err = AL_ENOMEM;
	if (err != AL_OK)
		return err;
	ledger->mailbox->ledger = ledger;
	return al_tree_new(&ledger->tree);
}

/* Nobody else writes any more, and the ledger is verified. */
static enum al_err leading(struct ledger *ledger)
{
	enum al_err err = AL_OK;

	/* After the check: a damaged file stays as it was found. Before the signer hears of it as durable. */
	if (ledger->engine->ops->settle(ledger->engine) != AL_OK)
		al_log(AL_LOG_WARN, "ledger-readonly", "reason=\"nothing can be written yet\"");
	if (ledger->signer.begin != NULL)
		err = ledger->signer.begin(ledger->signer.arg, ledger->tree, al_buf_view(&ledger->note));
	ledger->leads = err == AL_OK;
	if (ledger->leads)
		queue_look(ledger->engine);
	return err;
}

/*
 * What one who follows has verified goes to the signer once the store has it for good: a crash may take back what was
 * seen and confirmed to nobody, and that must not be missed for ever.
 */
static enum al_err remember(struct ledger *ledger)
{
	enum al_err err;

	if (ledger->remembered || ledger->signer.begin == NULL)
		return AL_OK;
	err = ledger_check_same(ledger->engine, &ledger->head, al_buf_view(&ledger->undated));
	if (err != AL_OK)
		return err;
	if (ledger->engine->ops->settle(ledger->engine) != AL_OK)
		return AL_OK; /* another time, or when it leads */
	err = ledger->signer.begin(ledger->signer.arg, ledger->tree, al_buf_view(&ledger->note));
	ledger->remembered = err == AL_OK;
	return err;
}

static enum al_err store_open(struct ledger *ledger, const struct ledger_opts *opts, bool *leads)
{
	enum al_err err;

	*leads = true;
	if (!opts->follow || opts->create)
		return engine_open(opts->path, opts->create, &ledger->engine);
	err = engine_follow(opts->path, &ledger->engine);
	if (err != AL_OK)
		return err;
	err = ledger->engine->ops->lead(ledger->engine, 0);
	*leads = err == AL_OK;
	return err == AL_EAGAIN ? AL_OK : err;
}

enum al_err ledger_open(const struct ledger_opts *opts, struct ledger **out)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	char label[ENGINE_LABEL_MAX];
	uint64_t begun = al_now_ms();
	enum al_err err;
	bool leads;

	if (ledger == NULL)
		return AL_ENOMEM;
	err = parts_make(ledger, opts);
	if (err == AL_OK)
		err = store_open(ledger, opts, &leads);
	if (err == AL_OK)
		err = ledger_check(ledger->engine, &ledger->key, ledger->tree, &ledger->head, &ledger->note, opts->seen,
				   opts->seen_arg);
	al_buf_slice(&ledger->undated, al_buf_view(&ledger->note));
	if (err == AL_OK)
		err = leads ? leading(ledger) : remember(ledger);
	if (err != AL_OK) {
		ledger_close(ledger);
		return err;
	}
	ledger->next = ledger->head.size;
	al_log(AL_LOG_INFO, "ledger-open", "path=%s size=%" PRIu64 " leads=%s ms=%" PRIu64,
	       engine_label(opts->path, label), ledger->head.size, leads ? "yes" : "no", al_now_ms() - begun);
	*out = ledger;
	return AL_OK;
}

bool ledger_leads(const struct ledger *ledger)
{
	return ledger->leads;
}

static enum al_err catch_up(struct ledger *ledger, ledger_visit_fn visit, void *arg)
{
	uint64_t before = ledger->head.size;
	enum al_err err = ledger_check_more(ledger->engine, &ledger->key, ledger->tree, &ledger->head, &ledger->note,
					    visit, arg);

	ledger->remembered = ledger->remembered && ledger->head.size == before;
	ledger->next = ledger->head.size;
	al_buf_reset(&ledger->undated);
	al_buf_slice(&ledger->undated, al_buf_view(&ledger->note));
	return err;
}

enum al_err ledger_take_over(struct ledger *ledger, uint64_t patience_ms, ledger_visit_fn visit, void *arg)
{
	enum al_err err = AL_OK;

	assert(!ledger->started);
	if (ledger->leads)
		return AL_OK;
	err = catch_up(ledger, visit, arg);
	if (err == AL_OK)
		err = remember(ledger);
	if (err == AL_OK)
		err = ledger->engine->ops->lead(ledger->engine, patience_ms);
	if (err == AL_OK)
		err = ledger_check_same(ledger->engine, &ledger->head, al_buf_view(&ledger->undated));
	if (err == AL_OK)
		err = catch_up(ledger, visit, arg);
	return err == AL_OK ? leading(ledger) : err;
}

enum al_err ledger_start(struct ledger *ledger, struct al_loop *loop, ledger_commit_fn commit, void *arg)
{
	sigset_t all, before;
	int rc;

	assert(!ledger->started && ledger->leads && ledger->signer.sign != NULL);
	ledger->loop = loop;
	ledger->commit = commit;
	ledger->arg = arg;
	/* Signals are for the main thread. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&ledger->thread, NULL, ledger_writer, ledger);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		al_log(AL_LOG_ERROR, "thread-create", "name=ledger errno=%d", rc);
		return AL_ESYS;
	}
	(void)pthread_setname_np(ledger->thread, "ledger");
	pthread_mutex_lock(&ledger->lock);
	ledger->started = true;
	pthread_mutex_unlock(&ledger->lock);
	return AL_OK;
}

static void thread_stop(struct ledger *ledger)
{
	struct job *job;

	pthread_mutex_lock(&ledger->lock);
	ledger->stopping = true;
	pthread_cond_signal(&ledger->wake);
	pthread_mutex_unlock(&ledger->lock);
	(void)pthread_join(ledger->thread, NULL);
	while ((job = job_list_pop(&ledger->outbox)) != NULL)
		ledger_deliver(ledger, job);
}

static void ledger_end(struct ledger *ledger, bool keep)
{
	if (ledger == NULL)
		return;
	if (ledger->started)
		thread_stop(ledger);
	ledger_outbox_end(ledger);
	if (keep || ledger->engine == NULL)
		engine_close(ledger->engine);
	else
		ledger->engine->ops->discard(ledger->engine);
	al_tree_free(ledger->tree);
	al_buf_release(&ledger->note);
	al_buf_release(&ledger->undated);
	(void)pthread_cond_destroy(&ledger->wake);
	(void)pthread_mutex_destroy(&ledger->lock);
	(void)pthread_mutex_destroy(&ledger->db_lock);
	free(ledger);
}

void ledger_close(struct ledger *ledger)
{
	ledger_end(ledger, true);
}

void ledger_discard(struct ledger *ledger)
{
	ledger_end(ledger, false);
}
