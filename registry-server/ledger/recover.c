/* SPDX-License-Identifier: MIT */
/*
 * recover.c -- `alamo-registryd -c FILE --recover ADDRESS [SIDE]`: the ledger
 * follows, or reads a folder, instead of leading, until it knows everything that
 * was ever signed.
 *
 * One thread. Nothing is signed here. The signer is started for its guard only:
 * it says what was signed, and whether the result will do.
 */
#include "recover.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/net/conf.h"
#include "alamo/net/notify.h"
#include "alamo/tlog/evidence.h"
#include "alamo/follow/follow.h"
#include "alamo/base/log.h"
#include "alamo/tlog/tile_dir.h"
#include "ledger_adopt.h"
#include "sign/signer.h"

#define PATH_BYTES 4096
#define CONNECT_MS 5000 /* no connection for so long */
#define SILENCE_MS 3000 /* no new head for so long: that is all there is */
#define ENOUGH_MS 300   /* the same when the guard asks for no more */
#define TELL_MS 100     /* so often it is told how far we are */

struct recover {
	struct al_conf *conf;
	struct signer *signer;
	struct ledger *ledger;
	struct al_loop *loop;
	struct al_timer *timer;
	struct al_follow *follow;
	const char *address;
	char evidence[PATH_BYTES];
	uint64_t before; /* the ledger's size as it was found */
	uint64_t tip;    /* how far the other copy goes; 0: nobody said it yet */
	const char *step;
	uint64_t told_ms;
	bool linked;
	enum al_err err;
};

static void end(struct recover *r, enum al_err err)
{
	r->err = err;
	al_loop_stop(r->loop);
}

/* ---- how far it is ---- */

/* To who runs us, which shows it (cli/authority/recover_run.c): a step's begin and end, and now and then between them. */
static void tell(struct recover *r, const char *step, uint64_t done, uint64_t total)
{
	uint64_t now_ms = al_now_ms();
	char lines[128];

	if (step == r->step && done != total && now_ms - r->told_ms < TELL_MS)
		return;
	r->step = step;
	r->told_ms = now_ms;
	(void)snprintf(lines, sizeof(lines), "X_ALAMO_STEP=%s\nX_ALAMO_DONE=%" PRIu64 "\nX_ALAMO_TOTAL=%" PRIu64 "\n",
		       step, done, total);
	al_notify(lines);
}

static const char checking[] = "checking"; /* the ledger as it was found */
static const char taking[] = "taking";     /* what the other copy has beyond it */

static void on_seen(void *arg, uint64_t done, uint64_t total)
{
	tell(arg, checking, done, total);
}

static enum al_err take(struct recover *r, uint64_t index, struct al_slice entry)
{
	enum al_err err = ledger_adopt(r->ledger, index, entry);

	if (err == AL_OK)
		tell(r, taking, index + 1, r->tip);
	return err;
}

/* ---- the stream ---- */

static enum al_err on_entry(void *arg, uint64_t index, struct al_slice bytes)
{
	struct recover *r = arg;
	enum al_err err = take(r, index, bytes);

	if (err != AL_OK)
		end(r, err);
	return err;
}

static void on_tip(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct recover *r = arg;

	(void)note;
	r->tip = cp->size;
}

static bool enough(const struct recover *r, uint64_t size)
{
	uint64_t kept = signer_kept(r->signer).size;

	return kept > 0 && size >= kept;
}

static void on_head(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct recover *r = arg;
	enum al_err err = ledger_adopt_head(r->ledger, note);

	if (err != AL_OK)
		end(r, err);
	else
		al_timer_set(r->timer, enough(r, cp->size) ? ENOUGH_MS : SILENCE_MS);
}

static void on_fork(void *arg, struct al_slice ours, struct al_slice theirs)
{
	struct recover *r = arg;
	char text[AL_EVIDENCE_TEXT_MAX];

	/* The text says whether they could be kept. */
	if (al_evidence_keep(r->evidence, AL_EVIDENCE_FORK, ours, theirs, text) != AL_OK)
		al_log(AL_LOG_WARN, "evidence", "path=%s error=unwritten", r->evidence);
	(void)fprintf(stderr, "%s\nThis ledger's checkpoint:\n%.*s\n%s has signed too:\n%.*s\n", text, AL_FMT(ours),
		      r->address, AL_FMT(theirs));
	end(r, AL_EFORK);
}

static void on_link(void *arg, bool up)
{
	struct recover *r = arg;

	if (up && !r->linked)
		al_timer_set(r->timer, SILENCE_MS);
	r->linked = r->linked || up;
}

/* More than that nobody has there. */
static void on_present(void *arg)
{
	end(arg, AL_OK);
}

static void on_time(void *arg)
{
	struct recover *r = arg;

	if (!r->linked)
		al_log(AL_LOG_ERROR, "recover", "address=%s reason=\"no connection\"", r->address);
	end(r, r->linked ? AL_OK : AL_ECLOSED);
}

static const struct al_follow_ops stream_ops = {
	.entry = on_entry,
	.head = on_head,
	.fork = on_fork,
	.link = on_link,
	.tip = on_tip,
	.present = on_present,
};

static enum al_err follow(struct recover *r)
{
	struct al_follow_conf conf = { .address = r->address, .key = *signer_key(r->signer) };
	struct al_edge edge;
	struct al_buf note;
	enum al_err err;

	al_buf_init(&note, AL_NOTE_MAX);
	r->before = ledger_head(r->ledger, &note).size;
	if (r->before > 0) {
		ledger_adopt_edge(r->ledger, &edge);
		conf.edge = &edge;
		conf.resume = al_buf_view(&note);
	}
	tell(r, taking, r->before, 0);
	err = note.err;
	if (err == AL_OK)
		err = al_follow_new(r->loop, &conf, &stream_ops, r, &r->follow);
	if (err == AL_EINVAL)
		al_log(AL_LOG_ERROR, "recover", "address=%s reason=\"no address of a log stream\"", r->address);
	if (err == AL_OK) {
		al_timer_set(r->timer, CONNECT_MS);
		al_loop_run(r->loop);
		err = r->err;
	}
	al_buf_release(&note);
	return err;
}

/* ---- a folder with the published log: a backup's, or one that somebody fetched ---- */

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum al_err on_folder_entry(void *arg, uint64_t index, struct al_slice entry)
{
	return take(arg, index, entry);
}

/* 0: whoever reads it finds out what is wrong there. */
static uint64_t folder_size(const struct recover *r)
{
	struct al_checkpoint cp;
	struct al_buf note;
	uint64_t size = 0;

	al_buf_init(&note, AL_NOTE_MAX);
	if (al_tile_dir_note(r->address, &note) == AL_OK &&
	    al_checkpoint_open(al_buf_view(&note), signer_key(r->signer), &cp) == AL_OK)
		size = cp.size;
	al_buf_release(&note);
	return size;
}

/* What our own head says of the folder's entries is found out by their common root. */
static enum al_err read_folder(struct recover *r)
{
	struct al_buf note;
	enum al_err err;

	r->before = ledger_head(r->ledger, NULL).size;
	r->tip = folder_size(r);
	tell(r, taking, r->before, r->tip);
	al_buf_init(&note, AL_NOTE_MAX);
	err = al_tile_dir_walk(r->address, signer_key(r->signer), r->before, on_folder_entry, r, &note);
	if (err == AL_OK)
		err = ledger_adopt_head(r->ledger, al_buf_view(&note));
	if (err == AL_ENOTFOUND)
		al_log(AL_LOG_ERROR, "recover", "folder=%s reason=\"no published log, or a file of it is missing\"",
		       r->address);
	else if (err == AL_EVERIFY)
		al_log(AL_LOG_ERROR, "recover",
		       "folder=%s reason=\"not this log: another key, another history, or damaged\"", r->address);
	al_buf_release(&note);
	/* It has less than we: nothing to be had there. */
	return err == AL_ESTALE ? AL_OK : err;
}

/* ---- life ---- */

static enum al_err recover_open(struct recover *r)
{
	char path[PATH_BYTES];
	struct ledger_opts opts = { .path = path, .seen = on_seen, .seen_arg = r };
	enum al_err err = signer_start(r->conf, GUARD_ADOPT, &r->signer);

	if (err == AL_OK)
		err = ledger_where(r->conf, path, sizeof(path));
	if (err == AL_OK)
		err = al_conf_path(r->conf, "run/evidence", r->evidence, sizeof(r->evidence));
	if (err != AL_OK)
		return err;
	opts.key = signer_key(r->signer);
	tell(r, checking, 0, 0);
	err = ledger_open(&opts, &r->ledger);
	if (err == AL_ENOTFOUND) { /* lost altogether: all of it comes from the stream */
		opts.create = true;
		err = ledger_open(&opts, &r->ledger);
	}
	if (err == AL_OK)
		err = al_loop_new(&r->loop);
	if (err == AL_OK)
		err = al_timer_new(r->loop, on_time, r, &r->timer);
	return err;
}

/* Is it enough? */
static enum al_err recover_finish(struct recover *r)
{
	const struct ledger_signer signer = signer_face(r->signer);
	uint64_t now = ledger_head(r->ledger, NULL).size, kept = signer_kept(r->signer).size;
	enum al_err err = now < kept ? AL_ESTALE : ledger_adopt_begin(r->ledger, &signer);

	if (err == AL_OK)
		printf("recovered: the ledger had %" PRIu64 " entries and has %" PRIu64
		       "; it will be signed on from here\n",
		       r->before, now);
	else if (now < kept)
		(void)fprintf(stderr,
			      "%s has entries up to %" PRIu64 ", but size %" PRIu64
			      " was signed: the ledger has %" PRIu64
			      " entries now and cannot be signed yet. Look for a mirror that has more.\n",
			      r->address, now, kept, now);
	return err;
}

static void recover_close(struct recover *r)
{
	al_follow_free(r->follow);
	if (r->timer != NULL)
		al_timer_free(r->timer);
	ledger_close(r->ledger);
	if (r->loop != NULL)
		al_loop_free(r->loop);
	signer_stop(r->signer);
	al_conf_free(r->conf);
}

int recover_main(const char *conf_path, const char *address, const char *side)
{
	struct recover r = { .address = address };
	char message[256];
	enum al_err err = al_conf_load(conf_path, &r.conf, message, sizeof(message));

	al_log_init("alamo-registryd", AL_LOG_INFO);
	if (err != AL_OK) {
		(void)fprintf(stderr, "%s\n", message);
		return 2;
	}
	al_notify_open();
	err = recover_open(&r);
	if (err == AL_OK)
		err = is_folder(address) ? read_folder(&r) : follow(&r);
	if (err == AL_OK && side != NULL)
		err = ledger_adopt_side(r.ledger, side);
	if (err == AL_OK)
		err = recover_finish(&r);
	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "recover", "address=%s error=%s", address, al_err_name(err));
	recover_close(&r);
	al_notify_close();
	return err == AL_OK ? 0 : 1;
}
